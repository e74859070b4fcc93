package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// missing is the answer when the binary was built without the web pages.
const missing = "The web pages are not in this binary: run `make build` in the project, then start it again.\n"

// contentTypes are written here because the operating system's table differs from machine to machine.
var contentTypes = map[string]string{
	".css":  "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".map":  "application/json",
	".svg":  "image/svg+xml",
}

// file is one built file; fixed at birth.
type file struct {
	body        []byte
	etag        string
	contentType string
}

// files are a folder of the build by slash-separated name; fixed at birth, empty without a build.
type files map[string]file

// load reads a folder of the build. It panics when the embedded files cannot be read, which no input can cause.
func load(fsys fs.FS, root string) files {
	all := files{}
	err := fs.WalkDir(fsys, root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(fsys, name)
		all[strings.TrimPrefix(name, root+"/")] = newFile(name, body)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		panic(err)
	}
	return all
}

func newFile(name string, body []byte) file {
	sum := sha256.Sum256(body)
	return file{body: body, etag: `"` + hex.EncodeToString(sum[:16]) + `"`, contentType: contentTypes[path.Ext(name)]}
}

// serve answers with the named file, or 304 when the client has it, 404 when there is none, 503 without a build.
func (all files) serve(w http.ResponseWriter, r *http.Request, name, cacheControl string) {
	if len(all) == 0 {
		http.Error(w, missing, http.StatusServiceUnavailable)
		return
	}
	f, ok := all[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", cacheControl)
	w.Header().Set("Content-Type", f.contentType)
	w.Header().Set("ETag", f.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
}
