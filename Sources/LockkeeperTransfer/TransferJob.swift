/// A transfer on its way to a loop: what to start there, and whom to tell when it cannot be started.
struct TransferJob: Sendable {
    let abort: AbortFlag
    /// Makes the exchange, on the loop's thread.
    let start: @Sendable () throws(TransferError) -> Exchange
    /// Ends the job without a transfer.
    let fail: @Sendable (TransferError) -> Void

    /// Nothing was sent, for this reason.
    func decline(_ reason: TransferError.Reason) {
        fail(
            TransferError(
                stage: .preparing, reason: reason,
                message: reason == .cancelled ? "the transfer was cancelled" : "the client was shut down",
                certainty: .notSent))
    }
}
