package main

// simulation plays seeds until one breaks.
var simulation = test{pkg: "./e2e/simulation", run: "TestSimulation", flags: "-failfast"}

// mutants is the table.
var mutants = []mutant{
	{
		name: "acknowledged before the commit",
		edits: []edit{{"sqlite/writer.go", `
	if err == nil {
		err = w.exec("COMMIT")
	}`, `
	if err == nil {
		for _, c := range batch {
			close(c.done)
		}
		err = w.exec("COMMIT")
	}`}, {"sqlite/writer.go", `
		w.publish()
	}
	for _, c := range batch {
		close(c.done)
	}`, `
		w.publish()
	}`}},
		tests: []test{{pkg: "./sqlite", run: "TestFailedSync"}},
	},
	{
		name: "told before the commit",
		edits: []edit{{"sqlite/writer.go", `
	if err == nil {
		err = w.exec("COMMIT")
	}`, `
	if err == nil {
		w.publish()
		err = w.exec("COMMIT")
	}`}},
		tests: []test{{pkg: "./sqlite", run: "TestFullDisk|TestHorizon|TestFailedSync"}},
	},
	{
		name:  "synchronous=NORMAL",
		edits: []edit{{"sqlite/open.go", "synchronous(FULL)&_pragma=foreign_keys", "synchronous(NORMAL)&_pragma=foreign_keys"}},
		tests: []test{{dir: "e2e/powercut", pkg: ".", run: "TestFullLosesNothing"}},
	},
	{
		name:  "the client's key is not looked up",
		edits: []edit{{"dokkerr/send.go", `if errors.Is(err, ErrKeyUsed) {`, `if false {`}},
		tests: []test{{pkg: "./dokkerr", run: "TestSendAgain"}, simulation},
	},
	{
		name:  "the client's key is not looked for in the store's table",
		edits: []edit{{"sqlite/event.go", "FROM message_key WHERE hash = ?)", "FROM message_key WHERE hash = ? AND false)"}},
		tests: []test{{pkg: "./sqlite", run: "TestKeys$"}},
	},
	{
		name:  "the client's key is not looked for in the store's memory",
		edits: []edit{{"sqlite/keys.go", "	k.young[hash] = event\n", ""}},
		tests: []test{{pkg: "./sqlite", run: "TestStore$"}, simulation},
	},
	{
		name:  "the store forgets the client's latest keys with its process",
		edits: []edit{{"sqlite/writer.go", "return w, w.keys.load(w.lastKey)", "return w, nil"}},
		tests: []test{{pkg: "./sqlite", run: "TestKeysAfterKills"}},
	},
	{
		name:  "one message of several that wait is not answered",
		edits: []edit{{"gateway/message.go", "n < maxTogether; n++ {\n			if call = call.Next(); call == nil {\n				break\n			}\n", "call != nil; n++ {\n			if call = call.Next(); call == nil || n == maxTogether {\n				break\n			}\n"}},
		tests: []test{{pkg: "./gateway", run: "TestManyMessagesTogether"}},
	},
	{
		name:  "positions go on from those that a rolled back store gave",
		edits: []edit{{"sqlite/writer.go", "dokkerr.PositionFloor(now())", "1"}},
		tests: []test{{pkg: "./gateway", run: "TestRolledBackStore"}},
	},
	{
		name:  "a pid of another user resumes",
		edits: []edit{{"gateway/resume.go", "ok && p.user == user {", "ok {"}},
		tests: []test{{pkg: "./gateway", run: "TestPIDOfAnotherUser"}},
	},
	{
		name: "a recovery needs no good token",
		edits: []edit{{"gateway/login.go", `
	who, err := g.verify(ctx, auth.token)
`, `
	who, err := g.verify(ctx, auth.token)
	for m := membersOf(string(s.Handshake().Auth)); m.next(); {
		if claimed, ok := readPID(g.signer.key, unquote(m.value)); m.name == "pid" && ok {
			who.user, err = claimed.user, nil
		}
	}
`}},
		tests: []test{{pkg: "./gateway", run: "TestRecoveryAfterExpiry"}},
	},
	{
		name: "an offset of another user counts",
		edits: []edit{{"gateway/offset.go", `return p, err == nil && n >= 0 && formatOffset(tag, p) == offset`, `return p, err == nil && n >= 0 && tag != ""`},
			{"gateway/offset.go", `digits, ok := strings.CutPrefix(offset, tag+".")`, `_, digits, ok := strings.Cut(offset, ".")`}},
		tests: []test{{pkg: "./gateway", run: "TestAnotherUserOnOneSocket|TestOffsetsThatAreNone"}},
	},
	{
		name:  "gaps are not noticed",
		edits: []edit{{"dokkerr/delivery.go", "start.Gap = kept != start.Position", "start.Gap = false"}},
		tests: []test{{pkg: "./gateway", run: "TestGap$"}},
	},
	{
		name:  "a gap that was not heard is not told again",
		edits: []edit{{"gateway/resume.go", "began: start.Behind,", "began: start.Position,"}},
		tests: []test{{pkg: "./gateway", run: "TestGapThatWasNotHeard"}},
	},
	{
		name:  "own messages come back",
		edits: []edit{{"gateway/delivery.go", `sent = origin == "" || origin != s.session`, `sent = true`}},
		tests: []test{{pkg: "./gateway", run: "TestOwnSessionOverReconnects"}, simulation},
	},
	{
		name: "confirmed without a pong",
		edits: []edit{{"gateway/proof.go", `
	s.sink.confirm(func() {
		d.proved(s, position)
		then()
	})`, `
	d.proved(s, position)
	s.sink.confirm(then)`}},
		tests: []test{{pkg: "./gateway", run: "TestPongsProveWhatIsBeforeThem"}, simulation},
	},
	{
		name:  "new events before what was missed",
		edits: []edit{{"gateway/delivery.go", "s.live = f.head <= s.cursor", "s.live = true"}},
		tests: []test{{pkg: "./gateway", run: "TestEveryInterleaving"}},
	},
	{
		name:  "live from the start",
		edits: []edit{{"gateway/delivery.go", "	case !s.live || position <= s.cursor:", "	case position <= s.cursor:"}},
		tests: []test{{pkg: "./gateway", run: "TestEveryInterleaving"}, simulation},
	},
	{
		name: "the head is looked at after the read",
		edits: []edit{{"gateway/catchup.go", "	head := s.feed.published()\n", ""},
			{"gateway/catchup.go", "	s.cursor = max(s.cursor, head)", "	s.cursor = max(s.cursor, s.feed.published())"}},
		tests: []test{{pkg: "./gateway", run: "TestEveryInterleaving"}, simulation},
	},
	{
		name: "a session goes on while its last command runs",
		edits: []edit{{"gateway/recovery.go", `
		s.sink.replace()
		select {
		case <-gone:
`, `
		s.sink.replace()
		select {
		default:
			return nil
		case <-gone:
`}},
		tests: []test{{pkg: "./gateway", run: "TestTakeOverWaitsForTheEnd"}},
	},
	{
		name:  "two connections for one session",
		edits: []edit{{"gateway/delivery.go", "	if replaced := d.add(user, s); replaced != nil {", "	if replaced := d.add(user, s); false {"}},
		tests: []test{{pkg: "./gateway", run: "TestTheLatestOfASessionStays"}},
	},
	{
		name:  "the Origin is not asked",
		edits: []edit{{"engineio/server.go", "if !srv.options.CheckOrigin(r) {", "if false {"}},
		tests: []test{{pkg: "./engineio", run: "TestConformanceRefusals$"}, {pkg: "./cmd/dokkerrd", run: "TestOriginIsAskedEverywhere"}},
	},
	{
		name:  "the Origin of a WebSocket is not asked",
		edits: []edit{{"engineio/server.go", "if !srv.options.CheckOrigin(r) {", "if q.transport == pollingName && !srv.options.CheckOrigin(r) {"}},
		tests: []test{{pkg: "./cmd/dokkerrd", run: "TestOriginIsAskedEverywhere"}},
	},
	{
		name:  "anybody says where a request comes from",
		edits: []edit{{"cmd/dokkerrd/peer.go", "if err != nil || !p.trusts(peer.Addr()) {", "if err != nil || false && !p.trusts(peer.Addr()) {"}},
		tests: []test{{pkg: "./cmd/dokkerrd", run: "TestWhereARequestComesFrom"}},
	},
	{
		name:  "a proxy's list is read from its beginning",
		edits: []edit{{"cmd/dokkerrd/peer.go", "		if !p.trusts(address) {\n			break\n		}\n", ""}},
		tests: []test{{pkg: "./cmd/dokkerrd", run: "TestWhereARequestComesFrom"}},
	},
	{
		name:  "bad tokens lock nobody out",
		edits: []edit{{"gateway/guard.go", "g.governor.guesses.Fail(guessed, time.Now())", "false"}},
		tests: []test{{pkg: "./gateway", run: "TestBadTokensLockOut"}},
	},
	{
		name:  "parked connections are no open files",
		edits: []edit{{"cmd/dokkerrd/reserve_unix.go", "return uintptr(next) >= l.highest", "return fd >= l.highest"}},
		tests: []test{{pkg: "./e2e/attacks", run: "TestDescriptorsRunOut"}},
	},
	{
		name:  "strangers read a conversation",
		edits: []edit{{"dokkerr/typing.go", "if _, party := c.side(user); !party {", "if false {"}},
		tests: []test{{pkg: "./dokkerr", run: "TestHistory"}},
	},
	{
		name:  "strangers mark as read",
		edits: []edit{{"dokkerr/read.go", "if !party {", "if false && !party {"}},
		tests: []test{{pkg: "./dokkerr", run: "TestReadRefuses"}},
	},
	{
		name:  "tokens need not expire",
		edits: []edit{{"token/token.go", "		jwt.WithExpirationRequired(),\n", ""}},
		tests: []test{{pkg: "./token", run: "TestHostileTokensAreRefused"}},
	},
	{
		name:  "the token says how it is signed",
		edits: []edit{{"token/token.go", "		jwt.WithValidMethods(o.methods()),\n", ""}},
		tests: []test{{pkg: "./token", run: "Hostile|OneFamily"}},
	},
	{
		name:  "the outbox has no bound",
		edits: []edit{{"engineio/session.go", "if s.outbox.cost() > s.srv.options.MaxOutbox {", "if false {"}},
		tests: []test{{pkg: "./engineio", run: "TestSlowReaderEndsAndHoldsNobodyUp"}},
	},
	{
		name:  "bodies have no bound",
		edits: []edit{{"engineio/post.go", "limit := int64(s.maxBody())", "limit := int64(1 << 40)"}},
		tests: []test{{pkg: "./engineio", run: "TestConformanceBodyTooLarge"}},
	},
	{
		name:  "WebSocket messages have no bound",
		edits: []edit{{"engineio/websocket.go", "c.reader.MaxMessage = srv.options.MaxPayload", "c.reader.MaxMessage = 1 << 40"}},
		tests: []test{{pkg: "./engineio", run: "TestConformanceMalformedOnWebSocket"}},
	},
	{
		name:  "an event finds whoever has its file descriptor now",
		edits: []edit{{"netpoll/epoll_linux.go", " || l.conns[i].generation != generation {", " {"}},
		tests: []test{{pkg: "./netpoll", run: "TestStaleEvent"}},
	},
	{
		name:  "any ping is a probe",
		edits: []edit{{"engineio/websocket.go", ` && string(p.Data) == "probe":`, `:`}},
		tests: []test{{pkg: "./engineio", run: "TestConformanceUpgradeFails"}},
	},
	{
		name:  "an upgrade needs no probe",
		edits: []edit{{"engineio/websocket.go", "case c.probed && p.Type == eioproto.Upgrade:", "case p.Type == eioproto.Upgrade:"}},
		tests: []test{{pkg: "./engineio", run: "TestConformanceUpgradeFails"}},
	},
	{
		name: "two polls for one session",
		edits: []edit{{"engineio/polling.go", `
	if s.polling.pending() {
		s.mu.Unlock()
		s.end(`, `
	if false {
		s.mu.Unlock()
		s.end(`}},
		tests: []test{{pkg: "./engineio", run: "TestConformanceTwoGets"}},
	},
	{
		name: "an answer goes to whoever asked first",
		edits: []edit{{"socketio/ask.go", `
	answers, ok := s.acks[id]
	delete(s.acks, id)`, `
	answers, ok := s.acks[id]
	for other := range s.acks {
		if other < id {
			id, answers, ok = other, s.acks[other], true
		}
	}
	delete(s.acks, id)`}},
		tests: []test{{pkg: "./socketio", run: "TestAnswersFindTheirQuestions"}},
	},
	{
		name:  "the provider's event is not remembered",
		edits: []edit{{"dokkerr/provider.go", "tx.PutProviderEvent(in)", "_ = in"}},
		tests: []test{{pkg: "./dokkerr", run: "TestHearOutcomes"}},
	},
	{
		name:  "the provider's last event wins, not its latest",
		edits: []edit{{"dokkerr/provider.go", "return in.Created.Before(last.Time), err", "return false, err"}},
		tests: []test{{pkg: "./dokkerr", run: "TestEveryPermutation"}},
	},
	{
		name:  "the provider's signature is good for ever",
		edits: []edit{{"stripe/signature.go", "age.Abs() > tolerance", "age.Abs() > 1000*tolerance"}},
		tests: []test{{pkg: "./stripe", run: "TestSignatures|TestClock"}},
	},
	{
		name:  "the erased are shown until their rows are gone",
		edits: []edit{{"sqlite/erase.go", "ifnull(user_b, 0) IN (SELECT user FROM erasing)", "0"}},
		tests: []test{{pkg: "./sqlite", run: "TestStoreBeforeTheSweep"}},
	},
	{
		name:  "an erasure ends with its process",
		edits: []edit{{"sqlite/writer.go", `"SELECT EXISTS (SELECT 1 FROM erasing)"`, `"SELECT 0"`}},
		tests: []test{{pkg: "./sqlite", run: "TestEraseGoesOnAfterAKill"}},
	},
	{
		name:  "a long log is cut in one go",
		edits: []edit{{"sqlite/checkpoint.go", "max(before-cutSlice, maxLog)", "maxLog"}},
		tests: []test{{pkg: "./sqlite", run: "TestCutInSlices"}},
	},
	{
		name:  "a backup in one go",
		edits: []edit{{"sqlite/backup.go", "const slice = 64", "const slice = -1"}},
		tests: []test{{pkg: "./sqlite", run: "TestBackupHoldsNobodyUp"}},
	},
}
