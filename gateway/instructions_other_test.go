//go:build !linux

package gateway

import "testing"

// countInstructions counts nothing here.
func countInstructions(*testing.B) (stop func()) { return func() {} }
