/// Line ends as mail has them: CR LF, always, and neither of the two alone (RFC 5321, section 2.3.8).
enum LineEnds {
    /// The text's bytes with every CR LF, CR or LF made CR LF.
    static func canonical(_ text: String) -> [UInt8] {
        let carriageReturn = UInt8(ascii: "\r")
        let lineFeed = UInt8(ascii: "\n")
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count + 64)
        var previous: UInt8 = 0
        for byte in text.utf8 {
            switch byte {
            case carriageReturn: result += [carriageReturn, lineFeed]
            case lineFeed: if previous != carriageReturn { result += [carriageReturn, lineFeed] }
            default: result.append(byte)
            }
            previous = byte
        }
        return result
    }
}
