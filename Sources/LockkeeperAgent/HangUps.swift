internal import UnixSignals

/// A value for each SIGHUP, by which a daemon is told to read its configuration again.
func hangUps() -> AsyncStream<Void> {
    AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
        let task = Task {
            for await _ in await UnixSignalsSequence(trapping: .sighup) { continuation.yield() }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
    }
}
