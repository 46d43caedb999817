import PromQL

/// Samples of one series packed into few bytes: a byte for each whose value is that before and whose time is about as
/// far off as the one before was; a few for one that changed a little; hardly ever more than nine.
///
/// Of a sample are kept the change of the interval to the sample before, and the bytes of its value that differ from
/// the value before (the idea of Facebook's Gorilla, https://www.vldb.org/pvldb/vol8/p1816-teller.pdf, in whole bytes,
/// which are quicker to read).
struct PackedSamples: Sendable {
    /// Milliseconds since the epoch.
    let firstTime: Int64
    /// Milliseconds since the epoch.
    let lastTime: Int64
    let count: Int
    private let firstValue: Double
    private let bytes: [UInt8]

    /// The memory that it takes, about.
    var byteCount: Int { MemoryLayout<PackedSamples>.size + 32 + bytes.capacity }

    /// - Parameter samples: at least one, ascending in time.
    init?(_ samples: ArraySlice<PromQL.Sample>) {
        guard let first = samples.first, let last = samples.last else { return nil }
        firstTime = first.timestamp
        lastTime = last.timestamp
        firstValue = first.value
        count = samples.count
        var bytes: [UInt8] = []
        bytes.reserveCapacity(samples.count * 4)
        var (previous, interval) = (first, Int64(0))
        for sample in samples.dropFirst() {
            let next = sample.timestamp &- previous.timestamp
            let change = next &- interval
            let difference = sample.value.bitPattern ^ previous.value.bitPattern
            Self.append(change, difference, to: &bytes)
            (previous, interval) = (sample, next)
        }
        // Copied, because an array that has grown keeps room for more.
        self.bytes = bytes.withUnsafeBufferPointer { Array($0) }
    }

    // A sample begins with a byte, which holds
    // 00cccccc: a value that did not change, and a change of the interval from -32 to 31 ms;
    // 01zccccc: a value that changed altogether, all but z + 1 leading bytes, and a change of the interval from -16 to 15;
    // 1tzzznnn: any other, with z leading zero bytes and n + 1 bytes of the difference. The change of the interval follows,
    //           in one byte or, with t, in any number.
    // Then come the bytes of the difference.
    private static func append(_ change: Int64, _ difference: UInt64, to bytes: inout [UInt8]) {
        if difference == 0, (-32...31).contains(change) {
            bytes.append(UInt8(change + 32))
            return
        }
        let zeros = min(difference.leadingZeroBitCount / 8, 7)
        let trailing = difference == 0 ? 7 - zeros : difference.trailingZeroBitCount / 8
        let length = 8 - zeros - trailing
        if trailing == 0, zeros == 1 || zeros == 2, (-16...15).contains(change) {
            bytes.append(0x40 | UInt8(zeros - 1) << 5 | UInt8(change + 16))
        } else {
            let isLong = !(-128...127).contains(change)
            bytes.append(0x80 | (isLong ? 0x40 : 0) | UInt8(zeros) << 3 | UInt8(length - 1))
            if isLong {
                var rest = UInt64(bitPattern: (change << 1) ^ (change >> 63))
                while rest >= 0x80 {
                    bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                    rest >>= 7
                }
                bytes.append(UInt8(rest))
            } else {
                bytes.append(UInt8(bitPattern: Int8(change)))
            }
        }
        for place in 0..<length {
            bytes.append(UInt8(truncatingIfNeeded: difference >> UInt64((7 - zeros - place) * 8)))
        }
    }

    /// Appends the samples of a stretch of time, both ends included.
    func unpack(from start: Int64, through end: Int64, into samples: inout [PromQL.Sample]) {
        bytes.withUnsafeBufferPointer { bytes in
            var (time, value, interval) = (firstTime, firstValue.bitPattern, Int64(0))
            var index = 0
            while true {
                if time > end { return }
                if time >= start {
                    samples.append(PromQL.Sample(timestamp: time, value: Double(bitPattern: value)))
                }
                guard index < bytes.count else { return }
                let head = bytes[index]
                index += 1
                if head < 0x40 {
                    interval &+= Int64(head) - 32
                } else {
                    var zeros = Int(head >> 3 & 7)
                    var length = Int(head & 7) + 1
                    if head < 0x80 {
                        interval &+= Int64(head & 0x1F) - 16
                        zeros = Int(head >> 5 & 1) + 1
                        length = 8 - zeros
                    } else if head & 0x40 == 0 {
                        interval &+= Int64(Int8(bitPattern: bytes[index]))
                        index += 1
                    } else {
                        var (raw, shift) = (UInt64(0), UInt64(0))
                        while bytes[index] >= 0x80 {
                            raw |= UInt64(bytes[index] & 0x7F) << shift
                            shift += 7
                            index += 1
                        }
                        raw |= UInt64(bytes[index]) << shift
                        index += 1
                        interval &+= Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
                    }
                    var difference: UInt64 = 0
                    for place in index..<index + length { difference = difference << 8 | UInt64(bytes[place]) }
                    index += length
                    value ^= difference << UInt64((8 - zeros - length) * 8)
                }
                time &+= interval
            }
        }
    }
}
