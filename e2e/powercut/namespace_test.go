package powercut

import (
	"errors"
	"log"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
)

// TestMain runs the tests in a mount namespace of their own, which ends with them: whatever kills them, no mount is left.
func TestMain(m *testing.M) {
	const inside = "POWERCUT_INSIDE"
	if os.Getenv(inside) != "" {
		os.Exit(m.Run())
	}
	runtime.LockOSThread() // the child dies with this thread
	c := exec.Command(os.Args[0], os.Args[1:]...)
	c.Env = append(os.Environ(), inside+"=1")
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	err := c.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		os.Exit(max(exit.ExitCode(), 1))
	}
	if err != nil {
		log.Fatalf("a mount namespace is for root alone: %v", err)
	}
}
