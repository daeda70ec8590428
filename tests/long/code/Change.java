import java.util.*;
import java.util.function.*;

/** Classes that appear after callers of their interface were compiled, lambdas, exceptions, threads. */
public class Change {
    interface Shape { int area(int n); }
    static class Square implements Shape { public int area(int n) { return n * n; } }
    static class Line implements Shape { public int area(int n) { return n; } }
    static class Odd implements Shape {
        public int area(int n) { if (n % 1000 == 7) throw new IllegalStateException(); return n ^ 5; }
    }

    static int sum(Shape shape, int n) {
        int s = 0;
        for (int i = 0; i < n; i++) {
            try { s = s * 31 + shape.area(i); } catch (IllegalStateException e) { s++; }
        }
        return s;
    }

    static int work(int seed) throws Exception {
        int s = seed;
        String[] names = {"Square", "Line", "Odd"};
        for (int round = 0; round < 30; round++) {
            Shape shape = (Shape) Class.forName("Change$" + names[round / 10]).getDeclaredConstructor().newInstance();
            s = s * 17 + sum(shape, 20000);
            final int k = round;
            IntUnaryOperator f = round % 2 == 0 ? x -> x * (k | 1) + 1 : x -> x ^ k;
            for (int i = 0; i < 20000; i++) s = f.applyAsInt(s);
            Map<String, Integer> map = new HashMap<>();
            for (int i = 0; i < 500; i++) map.merge("k" + i % 37, i, Integer::sum);
            s += map.get("k5");
        }
        return s;
    }

    public static void main(String[] arguments) throws Exception {
        int[] results = new int[4];
        Thread[] threads = new Thread[4];
        for (int i = 0; i < 4; i++) {
            final int n = i;
            threads[i] = new Thread(() -> {
                try { results[n] = work(n + 3); } catch (Exception e) { throw new RuntimeException(e); }
            });
            threads[i].start();
        }
        for (Thread t : threads) t.join();
        System.out.println(Arrays.toString(results));
    }
}
