package sqlite

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"github.com/dokkerr/realtime/dokkerr"
)

// TestFailedSync runs itself as a process whose kernel fails fsync and fdatasync from a moment on: nothing is acknowledged
// after that, the store says why, and what was acknowledged before is there for the next process.
func TestFailedSync(t *testing.T) {
	const inside = "SQLITE_TEST_FAILED_SYNC"
	if path := os.Getenv(inside); path != "" {
		failSync(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "test.db")
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFailedSync$", "-test.v")
	c.Env = append(os.Environ(), inside+"="+path)
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "refused all") {
		t.Fatalf("%v\n%s", err, out)
	}
	var user string
	var acked int
	for line := range strings.Lines(string(out)) {
		if n, err := fmt.Sscanf(line, "acked %d of %s", &acked, &user); n == 2 && err == nil {
			break
		}
	}
	if n := len(inboxOf(t, openTest(t, path, nil), uuid.MustParse(user))); n < acked || acked != 20 {
		t.Errorf("%d events of %d that were acknowledged\n%s", n, acked, out)
	}
}

func failSync(t *testing.T, path string) {
	broken := make(chan error, 1)
	s := openTest(t, path, &Options{Hooks: Hooks{Broken: func(err error) { broken <- err }}})
	user := uuid.New()
	for range 20 {
		if err := add(t, s, user); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Printf("acked %d of %s\n", 20, user)
	refuseSync(t)
	for range 20 {
		if err := add(t, s, user); codeOf(err) != dokkerr.StorageUnavailable {
			t.Fatalf("acknowledged: %v", err)
		}
	}
	if err := <-broken; !errors.Is(err, errDisk) {
		t.Errorf("said %v", err)
	}
	fmt.Println("refused all")
}

// refuseSync has the kernel answer EIO to fsync and fdatasync of this process from now on.
func refuseSync(t *testing.T) {
	const load, jumpIfEqual, answer = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	program := []unix.SockFilter{
		{Code: load, K: 0}, // the number of the call
		{Code: jumpIfEqual, K: unix.SYS_FSYNC, Jt: 2},
		{Code: jumpIfEqual, K: unix.SYS_FDATASYNC, Jt: 1},
		{Code: answer, K: unix.SECCOMP_RET_ALLOW},
		{Code: answer, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EIO)},
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&filter)))
	if errno != 0 {
		t.Fatal("seccomp:", errno)
	}
}

// TestFullFileSystem fills a file system of 8 MB: sends are refused in time, questions are answered, and it goes on when
// there is room again.
func TestFullFileSystem(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(dir, "test.db")
	s := openTest(t, path, &Options{Hooks: Hooks{Broken: func(err error) { t.Error("broken:", err) }}})
	user := uuid.New()
	if err := add(t, s, user); err != nil {
		t.Fatal(err)
	}
	filler := filepath.Join(dir, "filler")
	fill(t, filler)
	acked := 1
	for {
		begin := time.Now()
		err := add(t, s, user)
		if took := time.Since(begin); took > time.Second {
			t.Errorf("an answer took %v", took)
		}
		if err != nil {
			if codeOf(err) != dokkerr.StorageFull {
				t.Errorf("refused as %v", err)
			}
			break
		}
		acked++
	}
	if n := len(inboxOf(t, s, user)); n != acked {
		t.Errorf("%d events of %d acknowledged", n, acked)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := add(t, s, user); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if n := len(inboxOf(t, s, user)); n != acked+1 {
		t.Errorf("%d events, want %d", n, acked+1)
	}
}

// needRoot fails a test that mounts a file system where that is not allowed.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("only root can mount what this tests on: run it as root")
	}
}

// fill writes a file until there is no room.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); ; {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestReadOnly: a file system that cannot be written is refused with the system's word for it.
func TestReadOnly(t *testing.T) {
	needRoot(t)
	path, _ := filled(t)
	dir := filepath.Dir(path)
	if err := syscall.Mount(dir, dir, "", syscall.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mount("", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path, nil)
	if err == nil {
		t.Fatal("opened", s.Close())
	}
	if !errors.Is(err, syscall.EROFS) {
		t.Errorf("said %v", err)
	}
}
