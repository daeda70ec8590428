// Functions that are compiled, found to be wrong, and compiled anew; functions made of text; a
// module of WebAssembly; four workers at once.
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');

// sum(n): n + (n - 1) + ... + 1
const sum = Uint8Array.from(Buffer.from(
    '0061736d0100000001060160017f017f03020100070701' + '0373756d0000' +
    '0a1b0119' + '01017f' + '0340' + '200120006a2101' + '200041016b2200' + '0d000b' + '20010b', 'hex'));

function mixed(values) {
    let sum = 0;
    for (const value of values) sum = (sum * 31 + value.x) | 0;
    return sum;
}

function work(seed) {
    let result = seed;
    for (let round = 0; round < 60; round++) {
        const values = [];
        for (let i = 0; i < 2000; i++) {
            // Another shape in each round: what was compiled for the last one has to go.
            const value = { x: (i * seed) & 0xffff };
            if (round % 5 === 1) value.y = i;
            if (round % 5 === 2) value.x = value.x + 0.5;
            if (round % 5 === 3) value['z' + (i % 3)] = i;
            values.push(value);
        }
        for (let i = 0; i < 20; i++) result = (result * 17 + mixed(values)) | 0;
        const made = new Function('a', `let s = 0; for (let i = 0; i < 3000; i++) s = (s * ${round + 3} + a + i) | 0; return s;`);
        for (let i = 0; i < 5; i++) result = (result + made(result)) | 0;
        const instance = new WebAssembly.Instance(new WebAssembly.Module(sum));
        result = (result + instance.exports.sum(20000 + round)) | 0;
    }
    return result;
}

if (isMainThread) {
    const seeds = [3, 5, 7, 11];
    const results = [];
    let left = seeds.length;
    seeds.forEach((seed, i) => {
        const worker = new Worker(__filename, { workerData: seed });
        worker.on('message', (value) => {
            results[i] = value;
            if (--left === 0) console.log(results.join(' '), work(13));
        });
    });
} else {
    parentPort.postMessage(work(workerData));
}
