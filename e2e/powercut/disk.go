// Package powercut holds a file system that forgets what was not synced, and a test that cuts its power.
package powercut

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

const (
	page   = 4096
	sector = 512 // what a disk writes as a whole
)

// disk is a directory of files in memory. It outlives its mounts.
type disk struct {
	mu    sync.Mutex
	files map[string]*content // under mu
	off   bool                // under mu: nothing is kept any more
	full  bool                // under mu: nothing grows
	fails int                 // under mu: so many syncs fail
}

// content is a file as programs see it and as it is on disk.
type content struct {
	live, durable []byte       // under disk.mu
	dirty         map[int]bool // sectors that differ; under disk.mu
	synced        bool         // its name is on disk; under disk.mu
}

func newDisk() *disk { return &disk{files: map[string]*content{}} }

// fill has every write fail that needs more room, or no longer.
func (d *disk) fill(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

// failSync has the next sync fail, once.
func (d *disk) failSync() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fails = 1
}

// policy says what becomes of a sector that was written and not synced.
type policy func(*rand.Rand) (keep bool)

var policies = map[string]policy{
	"all forgotten":  func(*rand.Rand) bool { return false },
	"half forgotten": func(r *rand.Rand) bool { return r.IntN(2) == 0 },
	"few forgotten":  func(r *rand.Rand) bool { return r.IntN(10) > 0 },
	"most forgotten": func(r *rand.Rand) bool { return r.IntN(10) == 0 },
}

// cut turns the power off: from now on nothing can be written or synced.
func (d *disk) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = true
}

// on turns the power on again. Files are as they were synced, but for the sectors that the policy lets through.
func (d *disk) on(p policy, r *rand.Rand) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, c := range d.files {
		if !c.synced {
			delete(d.files, name)
			continue
		}
		for s := range c.dirty {
			if p(r) {
				c.keep(s)
			}
		}
		c.live, c.dirty = append([]byte(nil), c.durable...), map[int]bool{}
	}
	d.off = false
}

// keep puts a sector on disk.
func (c *content) keep(s int) {
	from, to := s*sector, min((s+1)*sector, len(c.live))
	if from >= to {
		return
	}
	if len(c.durable) < to {
		c.durable = append(c.durable, make([]byte, to-len(c.durable))...)
	}
	copy(c.durable[from:to], c.live[from:to])
}

func (c *content) write(data []byte, at int) {
	if end := at + len(data); end > len(c.live) {
		c.live = append(c.live, make([]byte, end-len(c.live))...)
	}
	copy(c.live[at:], data)
	for s := at / sector; s*sector < at+len(data); s++ {
		c.dirty[s] = true
	}
}

func (c *content) truncate(size int) {
	if size <= len(c.live) {
		c.live = c.live[:size:size]
	} else {
		c.live = append(c.live, make([]byte, size-len(c.live))...)
	}
}

func (c *content) sync() {
	for s := range c.dirty {
		c.keep(s)
	}
	if len(c.durable) > len(c.live) {
		c.durable = c.durable[:len(c.live)]
	} else {
		c.durable = append(c.durable, make([]byte, len(c.live)-len(c.durable))...)
	}
	c.dirty, c.synced = map[int]bool{}, true
}

// mount shows the disk at a directory. Unmount the server when nobody uses it.
func (d *disk) mount(dir string) (*fuse.Server, error) {
	server, err := fs.Mount(dir, &root{disk: d}, &fs.Options{MountOptions: fuse.MountOptions{DirectMountStrict: true, FsName: "powercut"}})
	if err != nil {
		return nil, err
	}
	return server, withhold("/dev/fuse")
}

// withhold has no child inherit an open file, as the library's may: a writer that holds its own disk's device could not be
// killed when nobody serves that any more.
func withhold(path string) error {
	open, err := os.ReadDir("/proc/self/fd")
	for _, entry := range open {
		fd, _ := strconv.Atoi(entry.Name()) // the kernel's own numbers
		if to, err := os.Readlink("/proc/self/fd/" + entry.Name()); err == nil && to == path {
			syscall.CloseOnExec(fd)
		}
	}
	return err
}

type root struct {
	fs.Inode
	disk *disk
}

type file struct {
	fs.Inode
	disk    *disk
	content *content
}

var (
	_ = fs.NodeLookuper((*root)(nil))
	_ = fs.NodeCreater((*root)(nil))
	_ = fs.NodeUnlinker((*root)(nil))
	_ = fs.NodeFsyncer((*root)(nil))
	_ = fs.NodeOpener((*file)(nil))
	_ = fs.NodeGetattrer((*file)(nil))
	_ = fs.NodeSetattrer((*file)(nil))
	_ = fs.NodeReader((*file)(nil))
	_ = fs.NodeWriter((*file)(nil))
	_ = fs.NodeFsyncer((*file)(nil))
)

func (n *root) inode(ctx context.Context, c *content) *fs.Inode {
	return n.NewInode(ctx, &file{disk: n.disk, content: c}, fs.StableAttr{Mode: fuse.S_IFREG})
}

func (n *root) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	c, ok := n.disk.files[name]
	if !ok {
		return nil, syscall.ENOENT
	}
	c.attr(&out.Attr)
	return n.inode(ctx, c), 0
}

func (n *root) Create(ctx context.Context, name string, _, _ uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if n.disk.off {
		return nil, nil, 0, syscall.EIO
	}
	c := &content{dirty: map[int]bool{}}
	n.disk.files[name] = c
	c.attr(&out.Attr)
	return n.inode(ctx, c), nil, 0, 0
}

func (n *root) Unlink(_ context.Context, name string) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if n.disk.off {
		return syscall.EIO
	}
	delete(n.disk.files, name)
	return 0
}

func (n *root) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno { return 0 }

func (c *content) attr(out *fuse.Attr) {
	out.Mode, out.Size, out.Nlink, out.Blksize = fuse.S_IFREG|0o600, uint64(len(c.live)), 1, page
}

func (f *file) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) { return nil, 0, 0 }

func (f *file) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.content.attr(&out.Attr)
	return 0
}

func (f *file) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.off {
		return syscall.EIO
	}
	if size, ok := in.GetSize(); ok {
		f.content.truncate(int(size))
	}
	f.content.attr(&out.Attr)
	return 0
}

func (f *file) Read(_ context.Context, _ fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	from := min(int(off), len(f.content.live))
	n := copy(dest, f.content.live[from:])
	return fuse.ReadResultData(dest[:n]), 0
}

func (f *file) Write(_ context.Context, _ fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	switch {
	case f.disk.off:
		return 0, syscall.EIO
	case f.disk.full && int(off)+len(data) > len(f.content.live):
		return 0, syscall.ENOSPC
	}
	f.content.write(data, int(off))
	return uint32(len(data)), 0
}

func (f *file) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	switch {
	case f.disk.off:
		return syscall.EIO
	case f.disk.fails > 0:
		f.disk.fails--
		clear(f.content.dirty) // as a kernel does, which calls clean what it could not write
		return syscall.EIO
	}
	f.content.sync()
	return 0
}
