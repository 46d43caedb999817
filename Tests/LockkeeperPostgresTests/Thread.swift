import Glibc

/// A thread that runs one blocking call of a test.
final class Thread {
    private var thread = pthread_t()

    init(_ body: @escaping @Sendable () -> Void) {
        let retained = Unmanaged.passRetained(Body(run: body))
        pthread_create(
            &thread, nil,
            { pointer in
                pointer.map { Unmanaged<Body>.fromOpaque($0).takeRetainedValue().run() }
                return nil
            }, retained.toOpaque())
    }

    func join() { pthread_join(thread, nil) }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
