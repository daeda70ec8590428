/*
 * Room on the disk for what has been accepted (rule 1 of image_node.h). Data that is written stays
 * in memory for seconds; that the disk is full has to be said before, when it is accepted. So
 * everything that will take room is claimed first: it is added up until a commit has stored it, and
 * refused when what there is on the disk does not suffice for all of it. Asking the host each time
 * would be slow; as long as there is much room a part of it is granted at once.
 *
 * Others may fill the disk meanwhile. Then commits fail, what they held stays in memory and is
 * tried again, and what is lost at the end is told (imagefs_shutdown).
 */
#include "runtime/fs/imagefs/image_node.h"

#include "runtime/abi/errno.h"

#define GRANT_MOST (64u << 20) /* bytes granted at once */

/* Adds a claim if there is room for it. */
static bool claim(struct image *image, uint64_t grow, uint64_t rewrite)
{
    uint64_t bytes = grow + rewrite, spare;
    host_mutex_lock(&image->room_lock);
    bool fits = image->granted >= bytes;
    if (fits) {
        image->granted -= bytes;
    } else {
        fits = store_fits(image->store, image->claims.grow + image->storing.grow + grow,
                          image->claims.rewrite + image->storing.rewrite + rewrite, &spare);
        image->granted = !fits ? 0 : spare / 8 < GRANT_MOST ? spare / 8 : GRANT_MOST;
    }
    if (fits) {
        image->claims.grow += grow;
        image->claims.rewrite += rewrite;
    }
    host_mutex_unlock(&image->room_lock);
    return fits;
}

/* Whether a commit could make room, or show that there is more than claims say. */
static bool can_settle(struct image *image)
{
    if (store_pending(image->store))
        return true;
    host_mutex_lock(&image->room_lock);
    bool some = image->claims.grow || image->claims.rewrite || image->storing.grow ||
                image->storing.rewrite || image->unsettled;
    host_mutex_unlock(&image->room_lock);
    return some;
}

int image_claim(struct image *image, uint64_t grow, uint64_t rewrite)
{
    if (claim(image, grow, rewrite))
        return 0;
    /* Claims are made for the worst: what is stored tells how much it really was. */
    if (!can_settle(image) || image_settle(image))
        return -L_ENOSPC;
    return claim(image, grow, rewrite) ? 0 : -L_ENOSPC;
}

int image_claim_data(struct inode *inode, uint64_t index, uint64_t grow, uint64_t rewrite)
{
    struct image *image = image_of(inode);
    if (claim(image, grow + rewrite, 0))
        return 0;
    /* What is written over stored data only needs room in the log. */
    bool stored = rewrite && chunks_has(inode, index);
    return stored ? image_claim(image, grow, rewrite) : image_claim(image, grow + rewrite, 0);
}

struct image_claims image_claims_take(struct image *image)
{
    host_mutex_lock(&image->room_lock);
    struct image_claims claims = image->claims;
    image->claims = (struct image_claims){0};
    image->storing.grow += claims.grow;
    image->storing.rewrite += claims.rewrite;
    host_mutex_unlock(&image->room_lock);
    return claims;
}

void image_claims_done(struct image *image, struct image_claims claims, bool stored, bool settled)
{
    host_mutex_lock(&image->room_lock);
    image->storing.grow -= claims.grow;
    image->storing.rewrite -= claims.rewrite;
    if (!stored) {
        image->claims.grow += claims.grow;
        image->claims.rewrite += claims.rewrite;
    } else {
        image->unsettled = !settled;
    }
    image->granted = 0;
    host_mutex_unlock(&image->room_lock);
}

uint64_t image_room(struct image *image)
{
    uint64_t spare;
    host_mutex_lock(&image->room_lock);
    store_fits(image->store, image->claims.grow + image->storing.grow,
               image->claims.rewrite + image->storing.rewrite, &spare);
    host_mutex_unlock(&image->room_lock);
    return spare;
}
