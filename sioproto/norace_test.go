//go:build !race

package sioproto_test

const slowdown = 1
