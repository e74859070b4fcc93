package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

const (
	priority   = "-12"
	startLimit = 30 * time.Second
	stopLimit  = 10 * time.Second
)

// process is a server or a generator: started with priority, maybe on one core, in a session of its own.
type process struct {
	command *exec.Cmd
	stdout  bytes.Buffer
	stderr  bytes.Buffer
	ended   chan error
}

// start starts a command; core is "" for all.
func start(ctx context.Context, core string, env []string, command []string) (*process, error) {
	if core != "" {
		command = append([]string{"taskset", "-c", core}, command...)
	}
	command = append([]string{"nice", "-n", priority}, command...)
	p := &process{command: exec.CommandContext(ctx, command[0], command[1:]...), ended: make(chan error, 1)}
	p.command.Env = env
	p.command.Stdout, p.command.Stderr = &p.stdout, &p.stderr
	p.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	p.command.Cancel = func() error { return p.command.Process.Signal(syscall.SIGTERM) }
	p.command.WaitDelay = stopLimit
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	p.prefer()
	go func() { p.ended <- p.command.Wait() }()
	return p, nil
}

// prefer gives the session the priority: the kernel shares the CPU between sessions first. Where that
// is not allowed, or is no feature of the kernel, disturbance shows as the run's foreign share.
func (p *process) prefer() {
	file := fmt.Sprintf("/proc/%d/autogroup", p.command.Process.Pid)
	if err := os.WriteFile(file, []byte(priority), 0); err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, os.ErrPermission) {
		fmt.Fprintln(os.Stderr, "bench: priority:", err)
	}
}

func (p *process) pid() string { return strconv.Itoa(p.command.Process.Pid) }

// listening waits until the process accepts connections.
func (p *process) listening(ctx context.Context, port string) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+port)
		if err == nil {
			return c.Close()
		}
		select {
		case err := <-p.ended:
			p.ended <- err
			return fmt.Errorf("ended before it listened: %v: %s", err, tail(p.stderr.Bytes()))
		case <-ctx.Done():
			return fmt.Errorf("does not listen: %w: %s", ctx.Err(), tail(p.stderr.Bytes()))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the process and waits for it.
func (p *process) stop() error {
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopLimit):
		if err := p.command.Process.Kill(); err != nil {
			return err
		}
		<-p.ended
		return nil
	}
}

// freePort returns a port of 127.0.0.1 that nobody listens on.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}
