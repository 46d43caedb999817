import Synchronization

/// Tells a transfer from any thread that nobody waits for it any more.
final class AbortFlag: Sendable {
    private let value = Atomic<UInt8>(0)

    /// The task was cancelled.
    func raise() { set(1) }

    /// The client is being shut down.
    func raiseForShutdown() { set(2) }

    /// Why the transfer is to end, nil while it is not.
    var reason: TransferError.Reason? {
        switch value.load(ordering: .acquiring) {
        case 0: nil
        case 1: .cancelled
        default: .shutDown
        }
    }

    /// The first reason stays.
    private func set(_ reason: UInt8) {
        _ = value.compareExchange(expected: 0, desired: reason, ordering: .acquiringAndReleasing)
    }
}
