import CCrypt

/// bcrypt by the system's crypt library (crypt(3), crypt(5)).
enum PasswordHash {
    /// Whether a password has a hash. Takes as long as the hash's cost says, a tenth of a second and more: not for the threads of tasks.
    static func isPassword(_ password: [UInt8], of hash: String) -> Bool {
        // C's strings end at a NUL: what follows would not count, and no password has one.
        guard !password.contains(0) else { return false }
        var output = [CChar](repeating: 0, count: Int(CRYPT_OUTPUT_SIZE))
        let phrase = password.map(CChar.init(bitPattern:)) + [0]
        guard lockkeeper_crypt(phrase, hash, &output) == 0 else { return false }
        let computed = output.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
        return ConstantTime.isEqual(computed, Array(hash.utf8))
    }

    /// A hash that no password has, for the time that checking takes.
    ///
    /// - Parameter hashes: whose greatest cost it has.
    static func nobodys(like hashes: some Sequence<String>) -> String {
        let cost = hashes.map { $0.dropFirst(4).prefix(2) }.max() ?? "12"
        return "$2b$\(cost)$" + String(repeating: ".", count: 53)
    }
}
