import Synchronization

/// What has arrived at a stub so far, in order, and a way to wait for more without polling.
public final class Arrivals<Element: Sendable>: Sendable {
    /// Not enough arrived in time.
    public struct Missing: Error, CustomStringConvertible {
        /// How many were wanted and how many had come.
        public let description: String
    }

    private struct Waiter {
        var count: Int
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var elements: [Element] = []
        var waiters: [Int: Waiter] = [:]
        var nextID = 0
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    /// Nothing has arrived.
    public init() {}

    /// All so far.
    public var all: [Element] { state.withLock { $0.elements } }

    /// Adds one and wakes those who waited for it.
    public func append(_ element: Element) {
        let ready = state.withLock { state in
            state.elements.append(element)
            let count = state.elements.count
            let ready = state.waiters.filter { $0.value.count <= count }
            for id in ready.keys { state.waiters[id] = nil }
            return ready.values.map(\.continuation)
        }
        for continuation in ready { continuation.resume() }
    }

    /// Waits until at least `count` have arrived, and returns all.
    ///
    /// - Throws: ``Missing`` when they have not within `timeout`.
    @discardableResult
    public func wait(count: Int, timeout: Duration = .seconds(60)) async throws -> [Element] {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.reach(count) }
            group.addTask {
                try await Task.sleep(for: timeout)
                throw Missing(description: "wanted \(count) within \(timeout), \(self.all.count) arrived")
            }
            defer { group.cancelAll() }
            try await group.next()
        }
        return all
    }

    private func reach(_ count: Int) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let outcome: Result<Void, any Error>? = state.withLock { state in
                    if state.elements.count >= count { return .success(()) }
                    // The handler below may have run before this.
                    if state.cancelled.remove(id) != nil { return .failure(CancellationError()) }
                    state.waiters[id] = Waiter(count: count, continuation: continuation)
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                let waiter = state.waiters.removeValue(forKey: id)
                if waiter == nil { state.cancelled.insert(id) }
                return waiter
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }
}
