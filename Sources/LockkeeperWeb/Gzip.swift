import CZlib

/// The gzip format (RFC 1952), by zlib.
enum Gzip {
    /// The bytes compressed; `nil` if there is no memory for it, when they are to be sent as they are.
    ///
    /// - Parameter level: 1 is the quickest, 9 the smallest. An exposition shrinks to a tenth even at low levels.
    static func compress(_ bytes: [UInt8], level: Int32 = 4) -> [UInt8]? {
        guard var deflater = Deflater(level: level) else { return nil }
        return deflater.finish(bytes)
    }

    /// Owns zlib's state.
    private struct Deflater: ~Copyable {
        // zlib's state points back at its stream, which must therefore not move.
        private let stream: UnsafeMutablePointer<z_stream>

        init?(level: Int32) {
            stream = .allocate(capacity: 1)
            stream.initialize(to: z_stream())
            guard lockkeeper_deflate_init_gzip(stream, level) == Z_OK else {
                stream.deallocate()
                return nil
            }
        }

        deinit {
            deflateEnd(stream)
            stream.deallocate()
        }

        mutating func finish(_ input: [UInt8]) -> [UInt8]? {
            // zlib counts in 32 bits.
            guard let length = UInt32(exactly: input.count) else { return nil }
            let bound = Int(deflateBound(stream, uLong(length)))
            guard let capacity = UInt32(exactly: bound) else { return nil }
            var isFinished = false
            let output = [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
                isFinished = input.withUnsafeBufferPointer { source in
                    stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                    stream.pointee.avail_in = length
                    stream.pointee.next_out = buffer.baseAddress
                    stream.pointee.avail_out = capacity
                    return deflate(stream, Z_FINISH) == Z_STREAM_END
                }
                count = isFinished ? bound - Int(stream.pointee.avail_out) : 0
            }
            return isFinished ? output : nil
        }
    }
}
