import CPostgres
import Glibc
import LockkeeperCore

/// A session with a PostgreSQL server: an actor on a thread of its own, so that libpq may block it.
///
/// Every call has a deadline of our own besides the server's timeouts, which do nothing on a dead line. A session that
/// missed a deadline, was cancelled or lost its connection is closed and stays so; connect again.
public actor PostgresSession {
    nonisolated let thread: SessionThread
    private nonisolated let waker: Waker
    private nonisolated let profile: SessionProfile
    private var connection = Connection()
    private var redaction = Redaction([])
    /// Host, port, database and user, for errors.
    private var server: String
    private var found: ServerFacts?
    /// The prepared statements that the server has.
    private var prepared: [String: String] = [:]

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private init(_ dsn: DSN, profile: SessionProfile) throws(PostgresError) {
        thread = try SessionThread.start()
        do throws(PostgresError) {
            waker = try Waker()
        } catch {
            thread.finish()
            throw error
        }
        self.profile = profile
        server = dsn.description
    }

    deinit {
        thread.finish()
    }

    // MARK: Connecting

    /// Connects, and finds out about the server.
    ///
    /// - Parameter limit: our own deadline for all of it, name resolution and several hosts included.
    /// - Throws: `PostgresError` of stage `connect` or `setup`.
    public static func connect(
        to dsn: DSN, as profile: SessionProfile, within limit: Duration = .seconds(5)
    ) async throws(PostgresError) -> PostgresSession {
        let session = try PostgresSession(dsn, profile: profile)
        let deadline = ContinuousClock.now + limit
        // libpq resolves names with a call that nothing can interrupt. It is left to its thread, which gives up by
        // itself; the caller is told in time.
        let race = Race<Result<Void, PostgresError>>()
        let opening = Task { await session.open(dsn, until: deadline, telling: race) }
        let watch = Task {
            try? await Task.sleep(until: deadline + .milliseconds(50), clock: .continuous)
            guard !Task.isCancelled else { return }
            opening.cancel()
            session.waker.wake()
            race.finish(.failure(Self.connectTimedOut(dsn.description, limit)))
        }
        let result = await withTaskCancellationHandler {
            await race.value
        } onCancel: {
            opening.cancel()
            session.waker.wake()
        }
        watch.cancel()
        try result.get()
        return session
    }

    private static func connectTimedOut(_ server: String, _ limit: Duration) -> PostgresError {
        PostgresError(
            kind: .timedOut, stage: .connect, message: "no connection within \(limit)",
            hint: "check host and port, the name's resolution, and firewalls in between", server: server)
    }

    /// Opens the connection and says so from the session's own thread, which no busy task pool delays. One that comes too late for anybody
    /// to use is closed at once, before another takes its place.
    private func open(
        _ dsn: DSN, until deadline: ContinuousClock.Instant, telling race: Race<Result<Void, PostgresError>>
    ) {
        let result: Result<Void, PostgresError>
        do throws(PostgresError) {
            try open(dsn, until: deadline)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        if !race.finish(result) { close() }
    }

    private func open(_ dsn: DSN, until deadline: ContinuousClock.Instant) throws(PostgresError) {
        let resolved = try resolve(dsn)
        server = DSN.describe(resolved)
        redaction = Redaction(DSN.secrets(of: resolved))

        var failure: PostgresError?
        let attempts = Self.attempts(resolved)
        for (index, attempt) in attempts.enumerated() {
            // libpq leaves time limits to us: each host gets its share of what is left.
            let now = ContinuousClock.now
            let share = now + now.duration(to: deadline) / (attempts.count - index)
            let patience = Patience(deadline: share, waker: waker)
            do throws(PostgresError) {
                try open(dsn, resolved: resolved, attempt: attempt, patience: patience)
                return
            } catch {
                connection.finish()
                if error.kind == .cancelled { throw error }
                failure = failure.map { Self.both($0, error) } ?? error
            }
        }
        throw failure ?? Self.connectTimedOut(server, .zero)
    }

    /// The keywords that single out one of several hosts, in the order in which they are to be tried; one empty
    /// attempt for a single host.
    private static func attempts(_ resolved: [String: String]) -> [[String: String]] {
        func list(_ keyword: String) -> [String] {
            (resolved[keyword] ?? "").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        let hosts = list("host"), addresses = list("hostaddr"), ports = list("port")
        let count = max(hosts.count, addresses.count)
        // Lists of different lengths are libpq's to complain about.
        guard count > 1, [1, count].contains(ports.count), hosts.count == count || addresses.count == count else {
            return [[:]]
        }
        let single = (0..<count).map { index in
            var keywords: [String: String] = [:]
            if hosts.count == count { keywords["host"] = hosts[index] }
            if addresses.count == count { keywords["hostaddr"] = addresses[index] }
            if ports.count == count { keywords["port"] = ports[index] }
            return keywords
        }
        // With one host at a time, libpq's two rounds of prefer-standby are ours to make.
        guard resolved["target_session_attrs"] == "prefer-standby" else { return single }
        return ["standby", "any"].flatMap { wanted in
            single.map { $0.merging(["target_session_attrs": wanted]) { $1 } }
        }
    }

    private static func both(_ first: PostgresError, _ second: PostgresError) -> PostgresError {
        var error = second
        error.message = "\(first.message); \(second.message)"
        return error
    }

    /// All parameters with what service file, environment and defaults add.
    ///
    /// libpq reads the service file only when connecting. An impossible `sslmode` has it stop after that, before
    /// anything is looked up or sent.
    private func resolve(_ dsn: DSN) throws(PostgresError) -> [String: String] {
        let marker = "lockkeeper-resolve"
        var probe = Connection()
        guard let handle = probe.start(Self.keywords(dsn) + [("sslmode", marker)]) else { throw outOfMemory() }
        let said = PQerrorMessage(handle).map { String(cString: $0) } ?? ""
        guard said.contains(marker) else {
            throw PostgresError(
                kind: .invalidDSN, stage: .dsn,
                message: Redaction(DSN.secrets(of: dsn.parameters)).clean(DSN.withoutQuotes(said)),
                hint: "correct the connection string or the file it names", server: server)
        }
        guard let options = PQconninfo(handle) else { throw outOfMemory() }
        defer { PQconninfoFree(options) }
        var values = DSN.values(options)
        values["sslmode"] = dsn.parameters["sslmode"]
        return values
    }

    private static func keywords(_ dsn: DSN) -> [(keyword: String, value: String)] {
        [("dbname", dsn.text)] + dsn.override.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private func outOfMemory() -> PostgresError {
        PostgresError(
            kind: .exhausted, stage: .connect, message: "libpq is out of memory", hint: "give the process more memory",
            server: server)
    }

    private func open(
        _ dsn: DSN, resolved: [String: String], attempt: [String: String], patience: Patience
    ) throws(PostgresError) {
        let ours = profile.startupOptions
        let options = [resolved["options"] ?? "", ours].filter { !$0.isEmpty }.joined(separator: " ")
        var pooler: String?
        do throws(PostgresError) {
            try connect(dsn, resolved: resolved, attempt: attempt, options: options, patience: patience)
        } catch {
            // Poolers refuse what they cannot keep apart between their clients: pgbouncer says "unsupported startup
            // parameter". Then the settings go with each transaction.
            guard error.sqlstate == "08P01" || error.message.contains("startup parameter"), !ours.isEmpty else {
                throw error
            }
            pooler = error.message.contains("unsupported startup parameter") ? "pgbouncer" : "pooler"
            try connect(dsn, resolved: resolved, attempt: attempt, options: nil, patience: patience)
        }
        try findFacts(pooler: pooler, patience: patience)
    }

    private func connect(
        _ dsn: DSN, resolved: [String: String], attempt: [String: String], options: String?, patience: Patience
    ) throws(PostgresError) {
        var parameters = Self.keywords(dsn)
        parameters += attempt.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        parameters += [("application_name", profile.applicationName), ("client_encoding", "UTF8")]
        if let options, !options.isEmpty { parameters.append(("options", options)) }
        // Ends a dead connection in the kernel, too, where the connection string does not say otherwise.
        if resolved["tcp_user_timeout"] == nil { parameters.append(("tcp_user_timeout", "15000")) }
        guard let handle = connection.start(parameters) else { throw outOfMemory() }

        var events = POLLOUT
        while true {
            if PQstatus(handle) == CONNECTION_BAD { throw connectFailure(handle) }
            switch patience.wait(for: events, on: PQsocket(handle)) {
            case .ready: break
            case .cancelled: throw cancelled(.connect)
            case .deadlinePassed:
                throw PostgresError(
                    kind: .timedOut, stage: .connect, message: "no connection in time, \(Self.phase(handle))",
                    hint: "check host and port, firewalls in between, and that the server is not stopped",
                    server: server)
            }
            switch PQconnectPoll(handle) {
            case PGRES_POLLING_READING: events = POLLIN
            case PGRES_POLLING_WRITING: events = POLLOUT
            case PGRES_POLLING_OK:
                PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
                PQsetnonblocking(handle, 1)
                prepared = [:]
                return
            default: throw connectFailure(handle)
            }
        }
    }

    /// How far a connection had come, for people.
    private static func phase(_ handle: OpaquePointer) -> String {
        switch PQstatus(handle) {
        case CONNECTION_STARTED: "nobody answered"
        case CONNECTION_MADE, CONNECTION_AWAITING_RESPONSE: "the server did not answer after the connection was made"
        case CONNECTION_SSL_STARTUP: "the server did not answer during the TLS handshake"
        default: "the server did not finish the start of the session"
        }
    }

    private func connectFailure(_ handle: OpaquePointer) -> PostgresError {
        // The password may be the passfile's.
        let secrets = redaction.adding(PQpass(handle).map { String(cString: $0) } ?? "")
        let said = PQerrorMessage(handle).map { String(cString: $0) } ?? ""
        return ConnectFailure(said).error(server: server, redaction: secrets)
    }

    private func findFacts(pooler: String?, patience: Patience) throws(PostgresError) {
        guard let handle = connection.handle else { throw closed(.setup) }
        // One query at a time: nothing is known about what is in between.
        let shown = Query(
            name: "lockkeeper_settings_in_force",
            sql: "SELECT \(profile.settings.map { "pg_catalog.current_setting('\($0.name)')" }.joined(separator: ", "))"
        )
        let row = try single(ServerFacts.query, patience)
        var inForce = true
        if !profile.settings.isEmpty {
            let values = try single(shown, patience)
            inForce = profile.settings.enumerated().allSatisfy { values?.text($0.offset) == $0.element.value }
        }
        guard let row,
            let facts = ServerFacts(
                row: row, settingsInForce: inForce, announcedPID: PQbackendPID(handle), pooler: pooler)
        else {
            throw PostgresError(
                kind: .protocolViolation, stage: .setup, message: "the server's facts could not be read",
                hint: "check that it is PostgreSQL 13 or newer", server: server)
        }
        guard facts.server.versionNumber >= 130_000 else {
            throw PostgresError(
                kind: .protocolViolation, stage: .setup,
                message: "PostgreSQL \(facts.server.versionNumber / 10_000) is too old",
                hint: "PostgreSQL 13 or newer is needed", server: server)
        }
        found = facts
    }

    private func single(_ query: Query, _ patience: Patience) throws(PostgresError) -> Rows.Row? {
        do throws(PostgresError) {
            let results = try exchange([query], patience: patience)
            return try results.first?.get().first
        } catch {
            var error = error
            error.stage = .setup
            throw error
        }
    }

    // MARK: Using it

    /// What was found out when connecting.
    public var facts: ServerFacts {
        get throws(PostgresError) {
            guard let found else { throw closed(.setup) }
            return found
        }
    }

    /// Whether the session can be used.
    public var isOpen: Bool { connection.handle != nil }

    /// The newest notices and warnings that the server sent, oldest first.
    public var notices: [String] { connection.notices.all }

    /// Whether the connection is encrypted by TLS.
    public var isEncrypted: Bool { connection.handle.map { PQsslInUse($0) == 1 } ?? false }

    /// Sends all queries at once (libpq's pipeline mode) and waits for all answers: one round trip. Each query is a
    /// transaction of its own, so that one that fails leaves the others alone.
    ///
    /// - Returns: for each query its rows or its error.
    /// - Throws: `PostgresError` when the connection failed, the deadline passed or the task was cancelled: what runs is
    ///   then cancelled on the server too, and the session is closed.
    public func run(
        _ queries: [Query], until deadline: ContinuousClock.Instant
    ) async throws(PostgresError) -> [Result<Rows, PostgresError>] {
        try await interruptibly(deadline) { (session, patience) throws(PostgresError) in
            try session.exchange(queries, patience: patience)
        }
    }

    /// As above, with the deadline counted from now.
    public func run(
        _ queries: [Query], within limit: Duration
    ) async throws(PostgresError) -> [Result<Rows, PostgresError>] {
        try await run(queries, until: .now + limit)
    }

    /// Runs SQL as given, several statements included (the simple protocol), as psql would: for demonstrations and tests.
    ///
    /// - Returns: the rows of each statement, up to the first that fails.
    /// - Throws: the first statement's `PostgresError` that failed (the session stays open), or as `run`.
    @discardableResult
    public func execute(_ sql: String, within limit: Duration = .seconds(60)) async throws(PostgresError) -> [Rows] {
        let result = try await interruptibly(.now + limit) { (session, patience) throws(PostgresError) in
            try session.script(sql, patience: patience)
        }
        return try result.get()
    }

    /// Closes the connection; idempotent. Dropping the last reference does the same.
    public func close() {
        connection.finish()
        found = nil
    }

    /// Runs `body`, which blocks the session's thread; a cancelled task wakes it.
    private func interruptibly<Value: Sendable>(
        _ deadline: ContinuousClock.Instant,
        _ body: (isolated PostgresSession, Patience) throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        let waker = waker
        let result = await withTaskCancellationHandler {
            () -> Result<Value, PostgresError> in
            do throws(PostgresError) {
                return .success(try body(self, Patience(deadline: deadline, waker: waker)))
            } catch {
                return .failure(error)
            }
        } onCancel: {
            waker.wake()
        }
        return try result.get()
    }

    // MARK: The protocol

    private enum Step {
        case settings, prepare, query
    }

    private func exchange(
        _ queries: [Query], patience: Patience
    ) throws(PostgresError) -> [Result<Rows, PostgresError>] {
        guard let handle = connection.handle else { throw closed(.query(queries.first?.name ?? "")) }
        if PQpipelineStatus(handle) == PQ_PIPELINE_OFF, PQenterPipelineMode(handle) == 0 {
            throw lost(handle, .query(queries.first?.name ?? ""))
        }
        var steps: [[Step]] = []
        for query in queries { steps.append(try send(query, handle)) }
        var results: [Result<Rows, PostgresError>] = []
        results.reserveCapacity(queries.count)
        for (query, steps) in zip(queries, steps) {
            results.append(try receive(query, steps, handle, patience))
        }
        return results
    }

    /// Queues one query and the sync after it.
    private func send(_ query: Query, _ handle: OpaquePointer) throws(PostgresError) -> [Step] {
        var steps: [Step] = []
        var sent = true
        if let found, !found.keepsSettings, !profile.settings.isEmpty {
            let settings = profile.transactionSettings
            sent = PQsendQueryParams(handle, settings.sql, 0, nil, nil, nil, nil, 0) == 1
            steps.append(.settings)
        }
        // Behind a pooler the next query may meet another server process, which knows no statement of ours.
        let isPrepared =
            found?.isDirect == true && !query.name.isEmpty && prepared[query.name, default: query.sql] == query.sql
        if isPrepared, prepared[query.name] == nil {
            sent = sent && PQsendPrepare(handle, query.name, query.sql, 0, nil) == 1
            prepared[query.name] = query.sql
            steps.append(.prepare)
        }
        let count = Int32(query.parameters.count)
        sent =
            sent
            && CStringArrays.with(query.parameters) { values in
                isPrepared
                    ? PQsendQueryPrepared(handle, query.name, count, values, nil, nil, 0) == 1
                    : PQsendQueryParams(handle, query.sql, count, nil, values, nil, nil, 0) == 1
            }
        steps.append(.query)
        guard sent, PQpipelineSync(handle) == 1 else { throw lost(handle, .query(query.name)) }
        return steps
    }

    private func receive(
        _ query: Query, _ steps: [Step], _ handle: OpaquePointer, _ patience: Patience
    ) throws(PostgresError) -> Result<Rows, PostgresError> {
        let stage = PostgresError.Stage.query(query.name)
        var rows = Rows.empty
        var failure: PostgresError?
        for step in steps {
            while let pointer = try nextResult(handle, stage, patience) {
                let result = QueryResult(pointer)
                switch result.status {
                case PGRES_TUPLES_OK:
                    if step == .query { rows = result.rows() }
                case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
                    break
                case PGRES_PIPELINE_ABORTED:
                    // An earlier step of the same query failed.
                    if step == .query, failure == nil { failure = lost(handle, stage) }
                default:
                    let (error, isFatal) = serverError(result, stage)
                    if step == .prepare { prepared[query.name] = nil }
                    failure = failure ?? error
                    // At once: what follows is only that the connection is closed.
                    if isFatal || PQstatus(handle) == CONNECTION_BAD { throw gone(error) }
                }
            }
        }
        guard let pointer = try nextResult(handle, stage, patience), QueryResult(pointer).status == PGRES_PIPELINE_SYNC
        else { throw failure.map { gone($0) } ?? lost(handle, stage) }
        return failure.map { .failure($0) } ?? .success(rows)
    }

    private func script(_ sql: String, patience: Patience) throws(PostgresError) -> Result<[Rows], PostgresError> {
        let stage = PostgresError.Stage.query("script")
        guard let handle = connection.handle else { throw closed(stage) }
        if PQpipelineStatus(handle) != PQ_PIPELINE_OFF, PQexitPipelineMode(handle) == 0 { throw lost(handle, stage) }
        guard PQsendQuery(handle, sql) == 1 else { throw lost(handle, stage) }
        var all: [Rows] = []
        var failure: PostgresError?
        while let pointer = try nextResult(handle, stage, patience) {
            let result = QueryResult(pointer)
            switch result.status {
            case PGRES_TUPLES_OK: all.append(result.rows())
            case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: all.append(.empty)
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                throw gone(
                    PostgresError(
                        kind: .protocolViolation, stage: stage, message: "COPY from or to the client is not supported",
                        hint: "use INSERT and SELECT", server: server))
            default:
                let (error, isFatal) = serverError(result, stage)
                failure = failure ?? error
                if isFatal || PQstatus(handle) == CONNECTION_BAD { throw gone(error) }
            }
        }
        return failure.map { .failure($0) } ?? .success(all)
    }

    /// The next result, or `nil` at the end of a statement's results.
    private func nextResult(
        _ handle: OpaquePointer, _ stage: PostgresError.Stage, _ patience: Patience
    ) throws(PostgresError) -> OpaquePointer? {
        while true {
            let unsent = PQflush(handle)
            if unsent < 0 { throw lost(handle, stage) }
            if PQisBusy(handle) == 0 { return PQgetResult(handle) }
            switch patience.wait(for: unsent == 1 ? POLLIN | POLLOUT : POLLIN, on: PQsocket(handle)) {
            case .ready:
                // The server's last words, such as "terminating connection due to administrator command", are in the
                // buffer even if the connection is gone: libpq makes them the next result.
                if PQconsumeInput(handle) == 0, PQisBusy(handle) != 0 { throw lost(handle, stage) }
            case .cancelled:
                cancelOnServer(handle)
                throw gone(cancelled(stage))
            case .deadlinePassed:
                cancelOnServer(handle)
                throw gone(
                    PostgresError(
                        kind: .timedOut, stage: stage, message: "no answer in time",
                        hint: "the server is overloaded, stopped, or out of reach; the connection was given up",
                        server: server))
            }
        }
    }

    private func cancelOnServer(_ handle: OpaquePointer) {
        CancelRequest(handle)?.sendInBackground()
    }

    // MARK: Errors

    /// Closes the session for good because of `error`, and returns it.
    private func gone(_ error: PostgresError) -> PostgresError {
        close()
        return error
    }

    /// Closes the session whose connection failed.
    private func lost(_ handle: OpaquePointer, _ stage: PostgresError.Stage) -> PostgresError {
        let said = redaction.clean(PQerrorMessage(handle).map { String(cString: $0) } ?? "")
        return gone(
            PostgresError(
                kind: .disconnected, stage: stage, message: said.isEmpty ? "the connection was lost" : said,
                hint: "it will be tried again", server: server))
    }

    private func closed(_ stage: PostgresError.Stage) -> PostgresError {
        PostgresError(
            kind: .disconnected, stage: stage, message: "the session is closed", hint: "connect again", server: server)
    }

    private func cancelled(_ stage: PostgresError.Stage) -> PostgresError {
        PostgresError(kind: .cancelled, stage: stage, message: "given up", hint: "", server: server)
    }

    private func serverError(
        _ result: borrowing QueryResult, _ stage: PostgresError.Stage
    ) -> (error: PostgresError, isFatal: Bool) {
        let (sqlstate, message, isFatal) = result.failure()
        // libpq's own failures, such as a lost connection, have no SQLSTATE.
        let (kind, hint) =
            sqlstate.map { PostgresError.classify(sqlstate: $0) } ?? (.disconnected, "it will be tried again")
        let error = PostgresError(
            kind: kind, stage: stage, sqlstate: sqlstate, message: redaction.clean(message), hint: hint, server: server)
        return (error, isFatal)
    }
}
