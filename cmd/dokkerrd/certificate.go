package main

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"
)

// keyPair is a certificate and its key in two files, which are read again when they change. Connections that are open go on.
type keyPair struct {
	certFile, keyFile string       // fixed at birth
	log               *slog.Logger // fixed at birth

	mu     sync.Mutex
	pair   *tls.Certificate
	stamp  stamp     // of the files as they were read last, well or not
	looked time.Time // at the files
}

// stamp tells one version of the two files from another.
type stamp struct {
	cert, key         time.Time
	certSize, keySize int64
}

// glance is how often the files are looked at, at most.
const glance = time.Second

func loadCertificate(certFile, keyFile string, log *slog.Logger) (*keyPair, error) {
	c := &keyPair{certFile: certFile, keyFile: keyFile, log: log, looked: time.Now()}
	var err error
	if c.stamp, err = c.stat(); err != nil {
		return nil, err
	}
	return c, c.load()
}

// get is tls.Config.GetCertificate. Files that cannot be used, as in the middle of a change, leave what was.
func (c *keyPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= glance {
		c.looked = now
		c.look()
	}
	return c.pair, nil
}

// look reads the files again if they have changed. The caller holds mu.
func (c *keyPair) look() {
	now, err := c.stat()
	if now == c.stamp {
		return
	}
	c.stamp = now
	if err == nil {
		err = c.load()
	}
	if err != nil {
		c.log.Error("the certificate cannot be read again, and stays as it was", "error", err)
		return
	}
	c.log.Info("the certificate was read again")
}

func (c *keyPair) load() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err == nil {
		c.pair = &pair
	}
	return err
}

func (c *keyPair) stat() (stamp, error) {
	cert, err := os.Stat(c.certFile)
	if err != nil {
		return stamp{}, err
	}
	key, err := os.Stat(c.keyFile)
	if err != nil {
		return stamp{}, err
	}
	return stamp{cert.ModTime(), key.ModTime(), cert.Size(), key.Size()}, nil
}
