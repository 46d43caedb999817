import Glibc

/// Runs work that blocks (waiting for a process, polling a file) on a thread of its own, so that the few threads of
/// the cooperative pool stay free.
package enum BlockingWork {
    package static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
            let job = Job { continuation.resume(with: Result(catching: body)) }
            var thread = pthread_t()
            let code = pthread_create(
                &thread, nil,
                { pointer in
                    guard let pointer else { return nil }
                    Unmanaged<Job>.fromOpaque(pointer).takeRetainedValue().body()
                    return nil
                }, Unmanaged.passRetained(job).toOpaque())
            if code == 0 {
                pthread_detach(thread)
            } else {
                // No thread to be had: blocking the caller is worse than slow, but better than not cleaning up.
                Unmanaged.passUnretained(job).release()
                job.body()
            }
        }
    }

    private final class Job: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
