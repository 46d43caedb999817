import CPostgres
import Glibc

/// How long to wait, and what ends the wait early.
struct Patience: Sendable {
    let deadline: ContinuousClock.Instant
    let waker: Waker

    enum Outcome {
        case ready, deadlinePassed, cancelled
    }

    /// Waits until the socket is ready for `events`, the deadline has passed, or the current task is cancelled.
    func wait(for events: Int32, on socket: Int32) -> Outcome {
        while true {
            if Task.isCancelled { return .cancelled }
            let left = ContinuousClock.now.duration(to: deadline)
            if left <= .zero { return .deadlinePassed }
            // Rounded up, or the last millisecond would spin.
            let milliseconds =
                min(left.components.seconds, 86_400) * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1
            var watched = [
                pollfd(fd: socket, events: Int16(events), revents: 0),
                pollfd(fd: waker.event.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&watched, 2, Int32(clamping: milliseconds))
            if count > 0 {
                if watched[1].revents != 0 { waker.event.drain() }
                // Also POLLERR and POLLHUP: libpq finds out what it is.
                if watched[0].revents != 0 { return Task.isCancelled ? .cancelled : .ready }
            }
        }
    }
}
