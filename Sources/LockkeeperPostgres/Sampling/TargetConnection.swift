/// One long-lived connection to a target: made when it is needed, given up when it fails, made again after a delay.
/// Holds at most one session, however many ask at once.
actor TargetConnection {
    typealias Connect = @Sendable () async throws(PostgresError) -> PostgresSession

    /// A session, or why there is none.
    private enum State {
        case idle
        case connecting(Task<Result<PostgresSession, PostgresError>, Never>)
        case open(PostgresSession)
        /// No attempt before that time.
        case failed(until: ContinuousClock.Instant)
    }

    private var state = State.idle
    private var backoff: Backoff
    private var isClosed = false
    /// The waits for the next attempt.
    private var naps: [Int: Task<Void, Never>] = [:]
    private var napCount = 0
    private let connect: Connect
    private let random: @Sendable () -> Double

    init(backoff: Backoff, random: @escaping @Sendable () -> Double, connect: @escaping Connect) {
        self.backoff = backoff
        self.random = random
        self.connect = connect
    }

    /// Runs queries that depend on what the server is, in one round trip. After a failure it waits for its time before
    /// it tries to connect again.
    func run(
        within limit: Duration, _ queries: @Sendable (ServerFacts) -> [Query]
    ) async throws(PostgresError) -> (facts: ServerFacts, results: [Result<Rows, PostgresError>]) {
        let session = try await session()
        do throws(PostgresError) {
            let facts = try await session.facts
            let results = try await session.run(queries(facts), within: limit)
            backoff.succeed()
            return (facts, results)
        } catch {
            if await !session.isOpen { lose(session) }
            throw error
        }
    }

    /// Closes the session; calls that are under way fail, and so do later ones.
    func close() async {
        isClosed = true
        for nap in naps.values { nap.cancel() }
        let last = state
        state = .idle
        switch last {
        case .open(let session): await session.close()
        case .connecting(let task): task.cancel()
        case .idle, .failed: break
        }
    }

    private func session() async throws(PostgresError) -> PostgresSession {
        while true {
            guard !isClosed, !Task.isCancelled else { throw Self.closed }
            switch state {
            case .open(let session):
                return session
            case .connecting(let task):
                return try await task.value.get()
            case .failed(let retry) where retry > .now:
                await nap(until: retry)
            case .idle, .failed:
                return try await open()
            }
        }
    }

    /// Sleeps until then, or until the caller is cancelled or the connection closed.
    private func nap(until time: ContinuousClock.Instant) async {
        napCount += 1
        let id = napCount
        let nap = Task<Void, Never> { try? await Task.sleep(until: time, clock: .continuous) }
        naps[id] = nap
        await withTaskCancellationHandler {
            await nap.value
        } onCancel: {
            nap.cancel()
        }
        naps[id] = nil
    }

    private func open() async throws(PostgresError) -> PostgresSession {
        let connect = connect
        let task = Task { () -> Result<PostgresSession, PostgresError> in
            do throws(PostgresError) { return .success(try await connect()) } catch { return .failure(error) }
        }
        state = .connecting(task)
        let result = await task.value
        guard !isClosed else {
            if case .success(let session) = result { await session.close() }
            throw Self.closed
        }
        switch result {
        case .success(let session): state = .open(session)
        case .failure: delay()
        }
        return try result.get()
    }

    /// Gives up a session, unless another call has done so already.
    private func lose(_ session: PostgresSession) {
        if case .open(let current) = state, current === session { delay() }
    }

    private func delay() {
        state = .failed(until: .now + backoff.fail(random: random()))
    }

    private static var closed: PostgresError {
        PostgresError(kind: .cancelled, stage: .connect, message: "no longer watched", hint: "")
    }
}
