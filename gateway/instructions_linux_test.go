package gateway

import (
	"encoding/binary"
	"os"
	"strconv"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// countInstructions has a benchmark report how many instructions the process ran per operation, outside of the kernel, until stop
// is called. Other than time they hardly depend on what else the machine does.
func countInstructions(b *testing.B) (stop func()) {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		b.Fatal(err)
	}
	var counters []*os.File
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			b.Fatal(err)
		}
		fd, err := unix.PerfEventOpen(&unix.PerfEventAttr{
			Type: unix.PERF_TYPE_HARDWARE, Config: unix.PERF_COUNT_HW_INSTRUCTIONS, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{})),
			Bits: unix.PerfBitInherit | unix.PerfBitExcludeKernel | unix.PerfBitExcludeHv, // Inherit: with the threads that it starts
		}, id, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
		if err != nil {
			b.Logf("instructions are not counted: %v", err)
			return func() {}
		}
		counters = append(counters, os.NewFile(uintptr(fd), "instructions"))
	}
	return func() {
		var total uint64
		for _, c := range counters {
			var count uint64
			if err := binary.Read(c, binary.NativeEndian, &count); err != nil {
				b.Fatal(err)
			}
			total += count
			c.Close()
		}
		b.ReportMetric(float64(total)/float64(b.N), "instructions/op")
	}
}
