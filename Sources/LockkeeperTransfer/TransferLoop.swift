import CCurl
import Synchronization

/// One thread around `curl_multi_poll`: libcurl blocks, and must not do so on the tasks' threads.
///
/// All of libcurl's handles live on that thread. From outside only the inbox, the jobs' abort flags and
/// `curl_multi_wakeup` are touched.
final class TransferLoop: Sendable {
    /// `curl_multi_wakeup` is the one function of libcurl that other threads may call; the loop takes this away, under
    /// the lock, before it frees the handle.
    private struct Wakeable: @unchecked Sendable {
        let multi: UnsafeMutableRawPointer
    }

    private enum Phase {
        case idle, running, stopped
    }

    private struct State {
        var phase = Phase.idle
        var inbox: [TransferJob] = []
        /// Of all jobs that have not ended: inside libcurl's blocking parts a transfer looks at nothing else.
        var flags: [ObjectIdentifier: AbortFlag] = [:]
        var wakeable: Wakeable?
        var isStopping = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let endsWhenIdle: Bool

    /// - Parameter endsWhenIdle: the thread ends when its transfers have, instead of waiting for more.
    init(endsWhenIdle: Bool) { self.endsWhenIdle = endsWhenIdle }

    /// Hands over a job; its outcome comes through itself.
    func submit(_ job: TransferJob) {
        let isAccepted = state.withLock { state in
            guard !state.isStopping else { return false }
            state.inbox.append(job)
            state.flags[ObjectIdentifier(job.abort)] = job.abort
            if state.phase == .idle { startThread(&state) }
            Self.wake(state)
            return true
        }
        guard isAccepted else { return job.decline(.shutDown) }
        // No thread could be started: nobody else will come to the inbox.
        let orphans = state.withLock { state in
            guard state.phase == .idle else { return [TransferJob]() }
            defer { state.inbox = [] }
            return state.inbox
        }
        for orphan in orphans {
            orphan.fail(
                TransferError(
                    stage: .preparing, reason: .failed, message: "the system lets no further thread start",
                    certainty: .notSent))
        }
    }

    /// Makes the thread look at the abort flags.
    func wake() { state.withLock { Self.wake($0) } }

    /// Ends all transfers and the thread; returns at once.
    func stop() {
        state.withLock { state in
            state.isStopping = true
            if state.phase == .idle { state.phase = .stopped }
            for flag in state.flags.values { flag.raiseForShutdown() }
            Self.wake(state)
        }
    }

    /// Returns when the thread has ended, at once if there is none.
    func waitUntilStopped() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                guard state.phase == .running else { return true }
                state.waiters.append(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    private func startThread(_ state: inout State) {
        // The thread holds the loop until it ends.
        let context = Unmanaged.passRetained(self)
        let code = lockkeeper_start_thread(
            { context in
                guard let context else { return nil }
                Unmanaged<TransferLoop>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        if code == 0 {
            state.phase = .running
        } else {
            context.release()
        }
    }

    private static func wake(_ state: borrowing State) {
        if let wakeable = state.wakeable { curl_multi_wakeup(wakeable.multi) }
    }

    // MARK: On the thread

    private func run() {
        while turn() {}
        let (orphans, waiters) = state.withLock { state in
            defer {
                state.phase = .stopped
                state.inbox = []
                state.waiters = []
            }
            return (state.inbox, state.waiters)
        }
        for job in orphans { job.decline(.shutDown) }
        for waiter in waiters { waiter.resume() }
    }

    /// The life of one multi handle. Returns whether another one is to follow it.
    private func turn() -> Bool {
        guard let multi = MultiHandle() else {
            failInbox("libcurl could not be initialised")
            return false
        }
        let wakeable = Wakeable(multi: multi.raw)
        state.withLock { $0.wakeable = wakeable }
        defer { state.withLock { $0.wakeable = nil } }
        var exchanges: [UnsafeMutableRawPointer: Exchange] = [:]
        while true {
            let (jobs, isStopping) = state.withLock { state in
                defer { state.inbox = [] }
                return (state.inbox, state.isStopping)
            }
            for job in jobs { begin(job, &exchanges, multi) }
            for (easy, exchange) in exchanges where exchange.abort.reason != nil {
                curl_multi_remove_handle(multi.raw, easy)
                exchanges[easy] = nil
                forget(exchange.abort)
                exchange.ended(CURLE_ABORTED_BY_CALLBACK)
            }
            var running: Int32 = 0
            var code = curl_multi_perform(multi.raw, &running)
            while let ended = multi.nextEnded() {
                guard let exchange = exchanges.removeValue(forKey: ended.easy) else { continue }
                curl_multi_remove_handle(multi.raw, ended.easy)
                forget(exchange.abort)
                exchange.ended(ended.code)
            }
            if isStopping { return false }
            if endsWhenIdle, exchanges.isEmpty, isInboxEmpty { return false }
            if code == CURLM_OK {
                // Returns earlier for a socket, one of libcurl's own timers, or the wakeup.
                code = curl_multi_poll(multi.raw, nil, 0, 60_000, nil)
            }
            if code != CURLM_OK {
                for (easy, exchange) in exchanges {
                    curl_multi_remove_handle(multi.raw, easy)
                    forget(exchange.abort)
                    exchange.failed(
                        TransferError(
                            stage: .sending, reason: .failed, code: Int(code.rawValue),
                            message: "libcurl failed: \(String(cString: curl_multi_strerror(code)))",
                            certainty: exchange.certainty))
                }
                return true
            }
        }
    }

    private var isInboxEmpty: Bool { state.withLock { $0.inbox.isEmpty } }

    private func begin(
        _ job: TransferJob, _ exchanges: inout [UnsafeMutableRawPointer: Exchange], _ multi: borrowing MultiHandle
    ) {
        if let reason = job.abort.reason {
            forget(job.abort)
            return job.decline(reason)
        }
        do throws(TransferError) {
            let exchange = try job.start()
            let easy = exchange.easy.raw
            let code = curl_multi_add_handle(multi.raw, easy)
            guard code == CURLM_OK else {
                throw TransferError(
                    stage: .preparing, reason: .failed, code: Int(code.rawValue),
                    message: "libcurl failed: \(String(cString: curl_multi_strerror(code)))", certainty: .notSent)
            }
            exchanges[easy] = exchange
        } catch {
            forget(job.abort)
            job.fail(error)
        }
    }

    private func forget(_ flag: AbortFlag) {
        _ = state.withLock { $0.flags.removeValue(forKey: ObjectIdentifier(flag)) }
    }

    private func failInbox(_ message: String) {
        let jobs = state.withLock { state in
            state.isStopping = true
            defer { state.inbox = [] }
            return state.inbox
        }
        for job in jobs {
            job.fail(TransferError(stage: .preparing, reason: .failed, message: message, certainty: .notSent))
        }
    }
}
