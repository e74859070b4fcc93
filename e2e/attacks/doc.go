// Package attacks sends what published holes and hostile clients send to the real server, row by row of a numbered list, beside
// clients that chat all the while and must not notice. Its tests hold the table, docs/security.md shows it.
package attacks
