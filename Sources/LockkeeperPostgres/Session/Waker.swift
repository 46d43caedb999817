/// Wakes a session's thread out of its `poll`, from any thread.
final class Waker: Sendable {
    let event: EventDescriptor

    init() throws(PostgresError) { event = try EventDescriptor(.pollable) }

    func wake() { event.signal() }
}
