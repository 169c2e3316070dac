// Package dir keeps blobs in a local directory. It is the documented format of
// the blobs folder of a registry:
//
//	sha256/ab/abcdef…    a blob: the SHA-256 of its bytes in lower-case hex, in
//	                     one of 256 folders named with its first two digits; mode 0444
//	tmp/put-…            bytes on their way in; its writer holds an flock on it
//	tmp/many-…/          bytes of several blobs on their way in, numbered; their
//	                     writer holds an flock on the file lock in it
//	uploads/{id}/        a multipart upload
//	    lock             flocked by whoever joins parts
//	    part-00007-{md5} a part that is stored and not yet joined
//	    joint            the joined parts, from the first on
//	    joined           one line of JSON for each part in joint: its number, MD5
//	                     and size, and the state of both hashes behind it
//	    result           what a finished upload became; nothing else is left then
//	collect.lock         flocked: shared by whoever keeps a blob while it becomes
//	                     known to be needed, exclusive by whoever deletes some
//	collect.gate         flocked on the way to collect.lock, so that those who
//	                     delete get their turn
//
// # Durability
//
// Bytes go to a temporary file, which is synced, renamed to its key, and its
// folder synced; only then does Put return. So a key is there whole or not at
// all, whenever the machine or the process stops. A key that is there already
// is kept if its length is right, and replaced by the sound bytes if not.
//
// Of many small blobs the same is true in the same order, but each wait for the
// disk is one for all: on Linux's own file systems for everything in the file
// system (syncfs), which takes a fifth of the time of one for each file and
// each folder, and elsewhere for many files at a time, which share what the
// disk writes.
//
// Parts are joined as they arrive, each by whichever PutPart finds the next
// one there: hashing a large file takes longer than clients wait for Complete,
// so by then there must be nothing left to do but a rename. A joined part is
// removed once joint and the line in joined are synced, so that an upload needs
// its own size on the disk and not twice that. (Copies are made by the kernel,
// and share their blocks on file systems that can.)
//
// # Collecting
//
// A blob's modification time is when it was last put or kept. Whoever puts a
// blob and then makes known that it is needed does the second under Keep, which
// sets that time and holds the shared lock until it is known. Collect notes the
// time, takes the exclusive lock and lets go of it, and only then asks what is
// needed: whatever was kept before that time is known by then, and whatever is
// kept afterwards is younger. It deletes what is neither known nor young, under
// the exclusive lock again, so that nothing can be kept between the look and
// the deletion; and Keep fails where the blob is gone. So nothing becomes known
// to be needed that is not there, whenever any of these processes is killed.
//
// # Leftovers
//
// A process that is killed leaves its temporary files, and clients that go away
// leave uploads. CollectStale removes them by age, never those that somebody
// holds a lock on. Nothing else is ever removed but by Delete and Abort.
package dir
