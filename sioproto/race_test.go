//go:build race

package sioproto_test

// slowdown is what the race detector costs.
const slowdown = 20
