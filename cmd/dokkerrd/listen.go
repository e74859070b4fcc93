package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// listeners are where a server listens.
type listeners struct {
	public  []net.Listener
	metrics []net.Listener // none or one
}

// openListeners listens as configured.
func openListeners(ctx context.Context, conf config, log *slog.Logger) (on listeners, err error) {
	if on.public, err = listen(ctx, conf.hosts, conf.port, log); err != nil {
		return on, fmt.Errorf("cannot listen: %w; if it is running already, PORT chooses another port", err)
	}
	if conf.metricsAddr == "" {
		return on, nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", conf.metricsAddr)
	if err != nil {
		on.close()
		return on, fmt.Errorf("cannot listen for METRICS_ADDR: %w", err)
	}
	on.metrics = []net.Listener{l}
	return on, nil
}

// listen opens the hosts at one port. The first must work. The others, this machine's names in another address family,
// may be missing, but not be somebody else's.
func listen(ctx context.Context, hosts []string, port int, log *slog.Logger) ([]net.Listener, error) {
	var opened []net.Listener
	for i, host := range hosts {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			opened = append(opened, withReserve(l, log))
			port = portOf(l)
		} else if i == 0 || errors.Is(err, syscall.EADDRINUSE) {
			closeAll(opened)
			return nil, err
		}
	}
	return opened, nil
}

func (on listeners) port() int { return portOf(on.public[0]) }

func (on listeners) close() {
	closeAll(on.public)
	closeAll(on.metrics)
}

func closeAll(all []net.Listener) {
	for _, l := range all {
		l.Close()
	}
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// newHTTPServer serves HTTP/1.1 alone. It has no limit for a whole request or answer: long polls take their time, and who
// reads a body bounds it.
func newHTTPServer(h http.Handler, secure *tls.Config, log *slog.Logger) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:           onlyOrigin(h),
		TLSConfig:         secure,
		Protocols:         &protocols,
		ReadHeaderTimeout: 5 * time.Second, // and of a TLS handshake
		IdleTimeout:       75 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelInfo),

		DisableGeneralOptionsHandler: true, // it answers OPTIONS * to anyone
	}
}

// onlyOrigin refuses what is meant for a proxy, and keeps browsers that came by TLS to it. A request in chunks is its connection's last:
// if it said a length too, which net/http forgets, a proxy may have seen its end elsewhere (RFC 9112 §6.1).
func onlyOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host != "" || r.Method == http.MethodConnect {
			http.Error(w, "this is no proxy", http.StatusBadRequest)
			return
		}
		if len(r.TransferEncoding) > 0 {
			w.Header().Set("Connection", "close")
		}
		if r.TLS != nil {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// tlsOf returns nil without a certificate. TLS 1.2 is spoken with forward secrecy and authenticated encryption only.
func tlsOf(conf config, log *slog.Logger) (*tls.Config, error) {
	if conf.certFile == "" {
		return nil, nil
	}
	pair, err := loadCertificate(conf.certFile, conf.keyFile, log)
	if err != nil {
		return nil, refusedSettings{fmt.Errorf("TLS_CERT_FILE and TLS_KEY_FILE cannot be used: %w; give a PEM certificate chain and its key", err)}
	}
	return &tls.Config{
		GetCertificate: pair.get,
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}, nil
}
