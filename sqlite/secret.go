package sqlite

// Secret implements dokkerr.Lookup.
func (l *lookup) Secret(name string) (value []byte, err error) {
	err = l.row("SELECT value FROM secret WHERE name = ?", []any{name}, &value)
	return value, err
}

// PutSecret implements dokkerr.Tx.
func (t *tx) PutSecret(name string, value []byte) {
	t.later(func() error { return t.w.exec("INSERT INTO secret (name, value) VALUES (?, ?)", name, value) })
}
