//go:build !linux && !darwin

package main

import "net"

// withReserve does nothing where files and connections are not counted together.
func withReserve(l net.Listener) net.Listener { return l }
