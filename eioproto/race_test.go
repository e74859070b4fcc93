//go:build race

package eioproto_test

// slowdown is what the race detector costs.
const slowdown = 20
