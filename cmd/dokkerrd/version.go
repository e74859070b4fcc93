package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

func printVersion(_ context.Context, p process, _ []string) error {
	_, err := fmt.Fprintf(p.stdout, "dokkerrd %s (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// version is what the go command stamped: a tag, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown)"
	}
	return info.Main.Version
}
