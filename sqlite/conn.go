package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// conn is a connection with the statements prepared on it. One goroutine uses it at a time.
type conn struct {
	sql   *sql.Conn
	stmts map[string]*sql.Stmt // by their text, of which there are only constants
}

func newConn(ctx context.Context, db *sql.DB) (*conn, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{sql: c, stmts: map[string]*sql.Stmt{}}, nil
}

func (c *conn) close() error {
	var all error
	for _, stmt := range c.stmts {
		all = errors.Join(all, stmt.Close())
	}
	return errors.Join(all, c.sql.Close())
}

func (c *conn) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, ok := c.stmts[query]; ok {
		return stmt, nil
	}
	stmt, err := c.sql.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	c.stmts[query] = stmt
	return stmt, nil
}

func (c *conn) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, err := c.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

// row scans the only row of a query, or gives sql.ErrNoRows.
func (c *conn) row(ctx context.Context, query string, args []any, dest ...any) error {
	stmt, err := c.prepared(ctx, query)
	if err != nil {
		return err
	}
	return stmt.QueryRowContext(ctx, args...).Scan(dest...)
}

// each hands every row of a query to read, which scans it.
func (c *conn) each(ctx context.Context, query string, args []any, read func(scan func(...any) error) error) error {
	stmt, err := c.prepared(ctx, query)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := read(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
