package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime returns the process CPU clock of pid (0: this process) in nanoseconds.
func cpuTime(pid int) (int64, error) {
	const schedulerClock = 2 // the kernel's CPUCLOCK_SCHED
	clock := int32(unix.CLOCK_PROCESS_CPUTIME_ID)
	if pid != 0 {
		clock = ^int32(pid)<<3 | schedulerClock
	}
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		return 0, fmt.Errorf("CPU clock of process %d: %w", pid, err)
	}
	return t.Nano(), nil
}

// idleTime returns how many CPUs there are (this process may be pinned to fewer) and how long all together were idle since boot.
func idleTime() (cpus int, idle time.Duration, err error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, err
	}
	line, rest, _ := bytes.Cut(stat, []byte("\n"))
	cpus = bytes.Count(rest, []byte("cpu"))
	fields := strings.Fields(string(line)) // cpu user nice system idle iowait ...
	if len(fields) < 6 {
		return 0, 0, fmt.Errorf("/proc/stat begins with %q", line)
	}
	var ticks int64
	for _, field := range fields[4:6] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, 0, err
		}
		ticks += n
	}
	const tick = 10 * time.Millisecond // USER_HZ
	return cpus, time.Duration(ticks) * tick, nil
}

// memory is a process's resident memory in KiB.
type memory struct{ rss, pss, anonymous float64 }

func readMemory(pid int) (memory, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return memory{}, err
	}
	defer f.Close()
	var m memory
	fields := map[string]*float64{"Rss:": &m.rss, "Pss:": &m.pss, "Anonymous:": &m.anonymous}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if field := fields[words[0]]; field != nil {
			if *field, err = strconv.ParseFloat(words[1], 64); err != nil {
				return memory{}, err
			}
		}
	}
	return m, lines.Err()
}

// usage is the state of all clocks at one moment.
type usage struct {
	wall, server, self int64 // nanoseconds
	cpus               int
	idle               time.Duration
}

func (l *loop) usage() (usage, error) {
	var u usage
	var err error
	if u.cpus, u.idle, err = idleTime(); err != nil {
		return u, err
	}
	if u.server, err = cpuTime(l.server); err != nil {
		return u, err
	}
	if u.self, err = cpuTime(0); err != nil {
		return u, err
	}
	u.wall = now()
	return u, nil
}

// spent is what was used between two moments.
type spent struct {
	seconds                    float64
	server, generator, foreign float64 // CPU seconds
}

// since returns what was used since u. What neither the CPUs' idle time nor the two processes explain was others'.
func (u usage) since(before usage) spent {
	s := spent{
		seconds:   seconds(u.wall - before.wall),
		server:    seconds(u.server - before.server),
		generator: seconds(u.self - before.self),
	}
	all := s.seconds * float64(u.cpus)
	s.foreign = max(0, all-(u.idle-before.idle).Seconds()-s.server-s.generator)
	return s
}

func seconds(nanoseconds int64) float64 { return float64(nanoseconds) / 1e9 }
