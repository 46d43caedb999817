/// Short names that are the same wherever and whenever they are derived from the same parts.
public enum StableIdentifier {
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")

    /// Thirteen characters of Crockford's base 32 over the 64-bit FNV-1a hash of the parts.
    public static func derive(from parts: String...) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for part in parts {
            for byte in part.utf8 + [0] {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            }
        }
        return String((0..<13).map { digit in alphabet[Int(hash >> UInt64(60 - digit * 5) & 31)] })
    }
}
