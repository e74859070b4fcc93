package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// scene is all that a demo needs to go on in another process.
type scene struct {
	directory string // holds the data, and this
	resumed   bool   // another process has begun it

	Session session
	Port    int
	Secret  []byte
}

// resumeDemo is the environment's word for the directory of a demo that goes on.
const resumeDemo = "DOKKERRD_DEMO="

// openScene returns the scene that env names, or an empty one in a directory of its own.
func openScene(env []string) (*scene, error) {
	sc := &scene{}
	if i := slices.IndexFunc(env, func(s string) bool { return strings.HasPrefix(s, resumeDemo) }); i >= 0 {
		sc.directory, sc.resumed = strings.TrimPrefix(env[i], resumeDemo), true
		saved, err := os.ReadFile(sc.file())
		if err != nil {
			return nil, err
		}
		return sc, json.Unmarshal(saved, sc)
	}
	sc.Secret = []byte(rand.Text() + rand.Text())
	sc.Session.ServiceKey = rand.Text() + rand.Text()
	directory, err := os.MkdirTemp("", "dokkerrd-demo-")
	sc.directory = directory
	return sc, err
}

func (sc *scene) file() string { return filepath.Join(sc.directory, "demo.json") }

func (sc *scene) configure(conf *config) {
	conf.hosts = []string{"127.0.0.1", "::1"} // what localhost may mean
	conf.database = filepath.Join(sc.directory, "demo.db")
	conf.secret = sc.Secret
	conf.serviceKeys = []string{sc.Session.ServiceKey}
	if sc.resumed {
		conf.port = sc.Port
	}
}

// begin makes the people and what they have to do with each other, and saves the scene.
func (sc *scene) begin(ctx context.Context, s *server, conf config, port int) (err error) {
	if sc.Session, err = s.furnish(ctx, conf); err != nil {
		return err
	}
	sc.Port = port
	saved, err := json.Marshal(sc)
	if err != nil {
		return err
	}
	return os.WriteFile(sc.file(), saved, 0o600)
}

// restart has another process go on in the place of this one, which ends as in a crash: nobody is told, nothing is flushed or
// closed. It returns only if that fails.
func (sc *scene) restart(env []string) error {
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	env = slices.DeleteFunc(slices.Clone(env), func(s string) bool { return strings.HasPrefix(s, resumeDemo) })
	return syscall.Exec(binary, os.Args, append(env, resumeDemo+sc.directory))
}
