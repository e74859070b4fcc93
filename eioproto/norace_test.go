//go:build !race

package eioproto_test

const slowdown = 1
