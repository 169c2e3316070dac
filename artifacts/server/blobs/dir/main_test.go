package dir_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/reliquary/reliquary/artifacts/server/blobs"
	"github.com/reliquary/reliquary/artifacts/server/blobs/blobstest"
	"github.com/reliquary/reliquary/artifacts/server/blobs/dir"
)

// Some tests need a process of their own, to kill it or to take its disk
// away. It is this program, told by the environment what to be.
const (
	childVariable = "RELIQUARY_BLOBS_TEST_CHILD"
	pathVariable  = "RELIQUARY_BLOBS_TEST_PATH"
	seedVariable  = "RELIQUARY_BLOBS_TEST_SEED"
)

func TestMain(m *testing.M) {
	switch os.Getenv(childVariable) {
	case "":
		os.Exit(m.Run())
	case "put":
		putForever(os.Getenv(pathVariable))
	case "small files":
		os.Exit(putLargeFiles(os.Getenv(pathVariable)))
	default:
		os.Exit(3)
	}
}

func child(t *testing.T, role, path string, seed int) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Env = append(os.Environ(), childVariable+"="+role, pathVariable+"="+path, seedVariable+"="+strconv.Itoa(seed))
	c.Stderr = os.Stderr
	return c
}

// content is what the child stores as number n.
func content(n int) []byte { return blobstest.Bytes(uint64(n), 1+(n*n%1_000_003*7919)%(3<<20)) }

// partSize is that of the parts in which it uploads.
const partSize = 200_000

// putForever stores blobs and joins uploads until it is killed. It says what
// it has stored ("stored KEY"), and which upload it begins ("upload ID NUMBER").
func putForever(path string) {
	s, err := dir.Open(path, dir.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	seed, err := strconv.Atoi(os.Getenv(seedVariable))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for worker := range 4 {
		go func() {
			for i := 0; ; i++ {
				n := seed*1_000_000 + worker*100_000 + i
				b := content(n)
				var info blobs.Info
				var err error
				if i%3 == 1 {
					piece := &blobs.Piece{Data: b, Want: blobs.Digests{MD5: blobstest.MD5(b)}}
					s.PutMany(context.Background(), []*blobs.Piece{piece, {Data: b[:len(b)/2]}, {Data: b[len(b)/2:]}})
					info, err = piece.Info, piece.Err
				} else if i%3 > 0 {
					info, err = s.Put(context.Background(), bytes.NewReader(b), int64(len(b)), blobs.Digests{MD5: blobstest.MD5(b)})
				} else {
					var id string
					if id, err = s.CreateUpload(context.Background()); err == nil {
						fmt.Printf("upload %s %d\n", id, n) // one write: a line is whole or not there
						info, err = upload(s, id, b)
					}
				}
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				fmt.Println("stored " + info.Key)
			}
		}()
	}
	select {}
}

// upload stores all parts of b and completes.
func upload(s *dir.Store, id string, b []byte) (blobs.Info, error) {
	var parts []blobs.Part
	for start := 0; start < len(b); start += partSize {
		part := b[start:min(start+partSize, len(b))]
		info, err := s.PutPart(context.Background(), id, len(parts)+1, bytes.NewReader(part), int64(len(part)), blobs.Digests{})
		if err != nil {
			return blobs.Info{}, err
		}
		parts = append(parts, blobs.Part{Number: len(parts) + 1, MD5: info.MD5})
	}
	return s.Complete(context.Background(), id, parts, blobs.Digests{MD5: blobstest.MD5(b)})
}

// putLargeFiles runs under a limit on the size of files, which the kernel
// enforces as it enforces the end of a disk: in the middle of a write.
func putLargeFiles(path string) int {
	signal.Ignore(syscall.SIGXFSZ)
	s, err := dir.Open(path, dir.Options{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	limit := unix.Rlimit{Cur: 1 << 20, Max: 1 << 20}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		fmt.Println(err)
		return 1
	}
	ctx := context.Background()
	small, large := blobstest.Bytes(1, 1<<20), blobstest.Bytes(2, 5<<20)
	for _, try := range []struct {
		what  string
		bytes []byte
		want  error
	}{
		{"a small blob", small, nil},
		{"a large blob", large, blobs.ErrNoSpace},
		{"a small blob again", small, nil},
	} {
		if _, err := s.Put(ctx, bytes.NewReader(try.bytes), int64(len(try.bytes)), blobs.Digests{}); !errors.Is(err, try.want) {
			fmt.Printf("%s: got the error %v, want %v\n", try.what, err, try.want)
			return 1
		}
	}
	// The parts fit; the whole does not.
	id, err := s.CreateUpload(ctx)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	var parts []blobs.Part
	for i := range 3 {
		part := blobstest.Bytes(uint64(10+i), 900_000)
		info, err := s.PutPart(ctx, id, i+1, io.LimitReader(bytes.NewReader(part), 900_000), 900_000, blobs.Digests{})
		if err != nil {
			fmt.Printf("part %d: %v\n", i+1, err)
			return 1
		}
		parts = append(parts, blobs.Part{Number: i + 1, MD5: info.MD5})
	}
	if _, err := s.Complete(ctx, id, parts, blobs.Digests{}); !errors.Is(err, blobs.ErrNoSpace) {
		fmt.Printf("joining: got the error %v, want %v\n", err, blobs.ErrNoSpace)
		return 1
	}
	fmt.Println(id)
	return 0
}
