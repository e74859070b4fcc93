package netpoll

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const echoSize = 128

// server serves accepted connections in one way and waits for their end.
type server interface {
	add(c *net.TCPConn) error
	close()
}

// parkedServer echoes through a Poller.
type parkedServer struct {
	p    *Poller
	pool sync.Pool
}

func newParkedServer(b *testing.B) server {
	return &parkedServer{p: New(nil), pool: sync.Pool{New: func() any { return new([4096]byte) }}}
}

func (s *parkedServer) add(c *net.TCPConn) error {
	_, err := s.p.Add(c, nil, s)
	return err
}

func (s *parkedServer) close() {
	if err := s.p.Close(); err != nil {
		panic(err)
	}
}

func (s *parkedServer) Readable(c Conn) bool {
	buf := s.pool.Get().(*[4096]byte)
	defer s.pool.Put(buf)
	for {
		n, err := c.Read(buf[:])
		if err == nil {
			_, err = c.Write(buf[:n])
		}
		if err == ErrAgain {
			return false
		}
		if err != nil {
			c.Close()
			return false
		}
	}
}

func (s *parkedServer) Continue(Conn) {}
func (s *parkedServer) Writable(Conn) {}

// goroutineServer echoes with a goroutine and a buffer for each connection.
type goroutineServer struct {
	running sync.WaitGroup
	mu      sync.Mutex
	conns   []net.Conn
}

func newGoroutineServer(*testing.B) server { return &goroutineServer{} }

func (s *goroutineServer) add(c *net.TCPConn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(s.conns, c)
	s.running.Go(func() {
		buf := make([]byte, 4096)
		for {
			n, err := c.Read(buf)
			if err == nil {
				_, err = c.Write(buf[:n])
			}
			if err != nil {
				c.Close()
				return
			}
		}
	})
	return nil
}

func (s *goroutineServer) close() {
	for _, c := range s.conns {
		c.Close()
	}
	s.running.Wait()
}

var servers = []struct {
	name string
	new  func(*testing.B) server
}{{"poller", newParkedServer}, {"goroutine", newGoroutineServer}}

// BenchmarkEcho has clients with one message of 128 bytes under way each. The server's
// computing time, which is all of this process's, is what counts.
func BenchmarkEcho(b *testing.B) {
	for _, clients := range []int{200, 1000} {
		for _, s := range servers {
			b.Run(fmt.Sprintf("%s/%d", s.name, clients), func(b *testing.B) {
				srv := s.new(b)
				defer srv.close()
				c := connect(b, clients, srv)
				defer c.close(b)
				b.ReportAllocs()
				c.echo(b, clients)
				before := cpu(b)
				b.ResetTimer()
				c.echo(b, b.N)
				b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

// BenchmarkIdle reports the memory of a connection that has echoed once and waits, after a
// collection: heap and stacks, and what the process has of the machine.
func BenchmarkIdle(b *testing.B) {
	const n = 5000
	for _, s := range servers {
		b.Run(s.name, func(b *testing.B) {
			for b.Loop() {
				srv := s.new(b)
				used, resident := memory(b)
				c := connect(b, n, srv)
				c.echo(b, n)
				usedNow, residentNow := memory(b)
				b.ReportMetric(float64(usedNow-used)/n, "B/conn")
				b.ReportMetric(float64(residentNow-resident)/n, "RSS-B/conn")
				b.ReportMetric(float64(runtime.NumGoroutine())/n, "goroutines/conn")
				c.close(b)
				srv.close()
			}
		})
	}
}

// BenchmarkAddClose takes connections over and closes them; it does not count their making.
func BenchmarkAddClose(b *testing.B) {
	const n = 1000
	p := newPoller(b, nil)
	b.ReportAllocs()
	var conns [n]Conn
	var spent int64
	for b.Loop() {
		var clients, accepted [n]*net.TCPConn
		for i := range n {
			clients[i], accepted[i] = pair(b)
			if err := accepted[i].SetLinger(0); err != nil { // no port has to wait after the close
				b.Fatal(err)
			}
		}
		start := time.Now()
		for i, server := range accepted {
			var err error
			if conns[i], err = p.Add(server, nil, calls{}); err != nil {
				b.Fatal(err)
			}
		}
		for _, c := range conns {
			if err := c.Close(); err != nil {
				b.Fatal(err)
			}
		}
		spent += time.Since(start).Nanoseconds()
		for _, c := range clients {
			c.Close()
		}
	}
	b.ReportMetric(float64(spent)/float64(b.N*n), "ns/conn")
}

// cpu returns the time that the process has computed, in nanoseconds.
func cpu(b *testing.B) int64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// memory returns what is in use, and what is resident, now that goroutines have ended and garbage is gone.
func memory(b *testing.B) (used, resident int64) {
	b.Helper()
	for range 3 { // pools are emptied by the second collection
		time.Sleep(10 * time.Millisecond)
		debug.FreeOSMemory()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	var pages int64
	statm, err := os.ReadFile("/proc/self/statm")
	if err == nil {
		_, err = fmt.Sscan(string(statm), new(int64), &pages)
	}
	if err != nil {
		b.Fatal(err)
	}
	return int64(m.HeapAlloc + m.StackInuse), pages * int64(os.Getpagesize())
}
