import Synchronization

/// Sends HTTP requests and mails, by libcurl.
///
/// All HTTP transfers share one thread around `curl_multi_poll`. Each mail has a short-lived thread of its own: libcurl
/// waits for the reply to a message, and to `QUIT`, inside a blocking call, and one slow mail server
/// must not delay the other receivers.
///
/// Cancelling the task aborts the transfer: the connection is closed before the call returns (within a second where
/// libcurl blocks).
public final class TransferClient: Sendable {
    private struct State {
        var mails: [ObjectIdentifier: TransferLoop] = [:]
        var isShutDown = false
    }

    private let http = TransferLoop(endsWhenIdle: false)
    private let state = Mutex(State())

    /// A client. Its thread starts with the first request.
    public init() {}

    deinit { http.stop() }

    /// Sends a request and waits for the answer, whatever its status.
    ///
    /// - Throws: ``TransferError`` when the request could not be sent or no complete status and headers came back; its
    ///   `certainty` says whether the peer may have seen the request.
    public func perform(_ request: HTTPRequest) async throws(TransferError) -> HTTPResponse {
        try await run(on: http) { abort, completion throws(TransferError) in
            try HTTPExchange(request, abort: abort, completion: completion)
        }.get()
    }

    /// Hands a mail to its server and tells what the server said to each recipient. One refused recipient does
    /// not hold up the others.
    ///
    /// - Throws: ``TransferError`` when it stayed open for at least one recipient; its `certainty` says whether the
    ///   server may have taken the mail for those whom it did not refuse.
    public func send(_ mail: MailRequest) async throws(TransferError) -> MailReceipt {
        let loop = TransferLoop(endsWhenIdle: true)
        let id = ObjectIdentifier(loop)
        let isAccepted = state.withLock { state in
            guard !state.isShutDown else { return false }
            state.mails[id] = loop
            return true
        }
        if !isAccepted { loop.stop() }
        defer { state.withLock { $0.mails[id] = nil } }
        return try await run(on: loop) { abort, completion throws(TransferError) in
            try MailExchange(mail, abort: abort, completion: completion)
        }.get()
    }

    /// Aborts what is under way, ends the threads and waits for their end. What is asked for later fails.
    public func shutdown() async {
        let loops = state.withLock { state in
            state.isShutDown = true
            return [http] + state.mails.values
        }
        for loop in loops { loop.stop() }
        for loop in loops { await loop.waitUntilStopped() }
    }

    private func run<Answer: Sendable>(
        on loop: TransferLoop,
        _ start:
            @escaping @Sendable (
                AbortFlag, @escaping @Sendable (Result<Answer, TransferError>) -> Void
            ) throws(TransferError) -> Exchange
    ) async -> Result<Answer, TransferError> {
        let abort = AbortFlag()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let completion: @Sendable (Result<Answer, TransferError>) -> Void = {
                    continuation.resume(returning: $0)
                }
                loop.submit(
                    TransferJob(
                        abort: abort, start: { () throws(TransferError) in try start(abort, completion) },
                        fail: { completion(.failure($0)) }))
            }
        } onCancel: {
            // Before the submission this is enough by itself: a job whose flag is up is not begun.
            abort.raise()
            loop.wake()
        }
    }
}
