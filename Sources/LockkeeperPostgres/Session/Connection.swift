import CPostgres
import Synchronization

/// Owner of a libpq connection. Used from one thread at a time, as libpq asks for.
struct Connection: ~Copyable {
    /// `nil` before it is opened and after it was finished.
    private(set) var handle: OpaquePointer?
    /// What the server says besides results; libpq would write it to standard error.
    let notices = NoticeLog()

    init() {}

    deinit {
        if let handle { PQfinish(handle) }
    }

    /// Begins a connection (`PQconnectStartParams`); may block in name resolution.
    mutating func start(_ parameters: [(keyword: String, value: String)]) -> OpaquePointer? {
        finish()
        let handle = CStringArrays.with(parameters) { PQconnectStartParams($0, $1, 1) }
        guard let handle else { return nil }
        self.handle = handle
        // So that a refusal carries its SQLSTATE: libpq gives no other access to it before the connection stands.
        PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
        // The log lives as long as this owner, which finishes the connection before.
        PQsetNoticeProcessor(
            handle,
            { pointer, message in
                guard let pointer, let message else { return }
                Unmanaged<NoticeLog>.fromOpaque(pointer).takeUnretainedValue().add(String(cString: message))
            }, Unmanaged.passUnretained(notices).toOpaque())
        return handle
    }

    /// Closes it. Never blocks: the socket does not.
    mutating func finish() {
        if let handle { PQfinish(handle) }
        handle = nil
    }
}

/// The newest notices and warnings of a session.
final class NoticeLog: Sendable {
    private let messages = Mutex<[String]>([])

    func add(_ message: String) {
        messages.withLock {
            if $0.count == 32 { $0.removeFirst() }
            $0.append(message.last == "\n" ? String(message.dropLast()) : message)
        }
    }

    var all: [String] { messages.withLock { $0 } }
}

/// Parallel NULL-terminated arrays of C strings.
enum CStringArrays {
    static func with<Value>(
        _ pairs: [(keyword: String, value: String)],
        _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> Value
    ) -> Value {
        with(pairs.map(\.keyword)) { keywords in with(pairs.map(\.value)) { values in body(keywords, values) } }
    }

    /// `nil` strings become NULL pointers.
    static func with<Value>(_ strings: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Value) -> Value {
        // All texts in one buffer, so that each keeps its address while the body runs.
        var bytes: [CChar] = []
        let offsets = strings.map { string -> Int? in
            guard let string else { return nil }
            defer { bytes.append(contentsOf: string.utf8CString) }
            return bytes.count
        }
        return bytes.withUnsafeBufferPointer { buffer in
            let pointers = offsets.map { offset in offset.flatMap { buffer.baseAddress?.advanced(by: $0) } } + [nil]
            return pointers.withUnsafeBufferPointer { array in
                guard let base = array.baseAddress else { preconditionFailure("the array has at least its terminator") }
                return body(base)
            }
        }
    }
}
