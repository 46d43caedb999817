internal import Glibc
public import LockkeeperCore

/// The courier's time, so that tests can let hours pass at once.
public protocol CourierClock: Sendable {
    var now: Timestamp { get }

    /// Returns at a time or soon after it, at once if it has passed; earlier if the clock was set back meanwhile.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    func sleep(until time: Timestamp) async throws
}

/// The wall clock. Retries are planned by it, because they outlive the process.
public struct SystemCourierClock: CourierClock {
    public init() {}

    public var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    public func sleep(until time: Timestamp) async throws {
        // In pieces, because the wall clock may be set meanwhile. Forward, the time has come; back, whoever waits looks again,
        // instead of waiting for as much longer.
        var left = time - now
        while left > .zero {
            try await Task.sleep(for: min(left, .seconds(20)))
            let before = left
            left = time - now
            if left > before { return }
        }
    }
}
