package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

const (
	// sweepSlice is how many rows of who was erased are deleted at once: some milliseconds.
	sweepSlice = 64
	// sweepAgain is how long after a failure the next slice is tried.
	sweepAgain = 5 * time.Second
)

const (
	selectErasing = `SELECT user, pos_a, pos_b FROM erasing ORDER BY user LIMIT 1`
	// Of the events of a user those go that were for this user alone, and all of its conversations.
	inboxA = `SELECT key, pos_a, user_b IS NULL OR ` + chatting + `, ifnull(user_b, 0), ifnull(pos_b, 0) FROM event
		WHERE user_a = ? AND pos_a > ? ORDER BY pos_a LIMIT ?`
	inboxB = `SELECT key, pos_b, ` + chatting + `, user_a, pos_a FROM event
		WHERE user_b = ? AND pos_b > ? ORDER BY pos_b LIMIT ?`
	updateErasingA = `UPDATE erasing SET pos_a = ?2 WHERE user = ?1`
	updateErasingB = `UPDATE erasing SET pos_b = ?2 WHERE user = ?1`
	// A position is used for ever, deleted or not.
	putUsed = `UPDATE user SET used = max(used, ?2) WHERE key = ?1`

	// Conversations go after their messages, which name them by a key that may be given again.
	deleteConversations = `DELETE FROM conversation WHERE key IN (
		SELECT key FROM conversation WHERE low = ?1 UNION SELECT key FROM conversation WHERE high = ?1 LIMIT ?2)`
	deleteBlocks    = `DELETE FROM block WHERE user = ?1 AND other IN (SELECT other FROM block WHERE user = ?1 LIMIT ?2)`
	deleteBlocksOf  = `DELETE FROM block WHERE other = ?1 AND user IN (SELECT user FROM block WHERE other = ?1 LIMIT ?2)`
	deleteConfirmed = `DELETE FROM confirmed WHERE user = ?1 AND device IN (
		SELECT device FROM confirmed WHERE user = ?1 LIMIT ?2)`
	deleteErasing = `DELETE FROM erasing WHERE user = ?`
)

// sweep deletes a slice of what belongs to who was erased, in a commit of its own. It returns how long to rest before the next: as long as
// this one took, so that others have half of the writer's time at least.
func (w *writer) sweep() (rest time.Duration) {
	begin := time.Now()
	err := w.exec("BEGIN IMMEDIATE")
	if err == nil {
		err = w.sweepSome()
	}
	if err == nil {
		err = w.exec("COMMIT")
	}
	if err != nil {
		w.failed(w.rollback(err))
		return sweepAgain
	}
	return w.rest(time.Since(begin))
}

// sweepSome deletes events first, then what they name.
func (w *writer) sweepSome() error {
	var of, a, b int64
	err := w.conn.row(context.Background(), selectErasing, nil, &of, &a, &b)
	if errors.Is(err, sql.ErrNoRows) {
		w.erasing = false
		return nil
	}
	if err != nil {
		return err
	}
	for _, side := range []struct {
		inbox, update string
		after         int64
	}{{inboxA, updateErasingA, a}, {inboxB, updateErasingB, b}} {
		if last, err := w.sweepInbox(side.inbox, of, side.after); err != nil || last > 0 {
			return errors.Join(err, w.exec(side.update, of, last))
		}
	}
	for _, query := range []string{deleteConversations, deleteBlocks, deleteBlocksOf, deleteConfirmed} {
		result, err := w.conn.exec(context.Background(), query, of, sweepSlice)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n > 0 {
			return err
		}
	}
	return w.exec(deleteErasing, of)
}

// swept is an event of who was erased.
type swept struct {
	key, pos int64
	goes     bool
	other    vacated // user 0 is nobody
}

// sweepInbox deletes some events after a position, and returns the position of the last it looked at; 0 when there is none.
func (w *writer) sweepInbox(query string, of, after int64) (last int64, err error) {
	var all []swept
	err = w.conn.each(context.Background(), query, []any{of, after, sweepSlice}, func(scan func(...any) error) error {
		var s swept
		err := scan(&s.key, &s.pos, &s.goes, &s.other.user, &s.other.pos)
		all = append(all, s)
		return err
	})
	used := map[int64]int64{}
	for i := 0; i < len(all) && err == nil; i++ {
		s := all[i]
		last = s.pos
		if s.goes {
			used[s.other.user] = max(used[s.other.user], s.other.pos)
			err = w.exec(deleteEvent, s.key)
		}
	}
	for user, pos := range used {
		if err == nil && user != 0 {
			err = w.exec(putUsed, user, pos)
		}
	}
	return last, err
}
