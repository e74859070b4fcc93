package main

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// anyMemory stands where nobody says how much memory there is.
const anyMemory = 1 << 30

// memoryLimit returns how many bytes the process may use: GOMEMLIMIT, else what its container allows, else the machine's.
func memoryLimit() int64 {
	if set := debug.SetMemoryLimit(-1); set < math.MaxInt64 {
		return set
	}
	if allowed := containerMemory(); allowed > 0 {
		return allowed
	}
	if has := machineMemory(); has > 0 {
		return has
	}
	return anyMemory
}

// heedContainer has the garbage collector work harder before the container's limit is reached, unless GOMEMLIMIT says otherwise.
func heedContainer() {
	if allowed := containerMemory(); allowed > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(allowed / 5 * 4)
	}
}

// containerMemory returns 0 where there is no limit, or nobody says.
func containerMemory() int64 {
	text, err := os.ReadFile("/sys/fs/cgroup/memory.max")
	if err != nil {
		return 0
	}
	allowed, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil { // max
		return 0
	}
	return allowed
}

func machineMemory() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var kib int64
		if _, err := fmt.Sscanf(lines.Text(), "MemTotal: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	return 0
}
