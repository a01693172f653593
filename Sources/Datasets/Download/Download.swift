import Foundation
import Tensors

/// Fetches the files of a data set and keeps only what is, byte for byte, what its publisher
/// offers.
///
/// A file is written as `PartFile` has it, checked for its size, its SHA-256 (where one is published)
/// and its MD5, and only then given its name; what was fetched of it before is not gone on with. An
/// archive is unpacked after that, and goes. The addresses of the set are tried in turn; redirects to
/// another host, port or scheme are refused.
public struct Download: Sendable {
  /// How far a file is.
  public struct Progress: Sendable, Equatable {
    /// The name of the file.
    public let file: String
    /// Bytes received so far.
    public let received: Int
    /// Bytes of the whole file; nil where nobody states them.
    public let total: Int?
  }

  private static let mostRedirects = 5
  private let source: DataSource
  private let transfer: any Transfer

  /// A download of the set, by a child process `curl`.
  public init(_ source: DataSource) {
    self.init(source, transfer: Curl())
  }

  init(_ source: DataSource, transfer: any Transfer) {
    self.source = source
    self.transfer = transfer
  }

  /// Fetches what is missing or damaged into the folder, which is made where there is none; returns
  /// the files, those of archives unpacked.
  ///
  /// Files that come in an archive are known by their sizes once they are unpacked, since nobody publishes
  /// checksums of them: that a byte of one was changed is not noticed. Removing it has the archive fetched again.
  ///
  /// Throws no input where no address answered, bad data where the answers were not the published
  /// files, disk full or cannot write where the folder takes no files. What was verified before an error stays.
  ///
  /// - Parameters:
  ///   - folder: where the files are put.
  ///   - progress: hears how far a file is.
  ///   - check: asked again and again; what it throws ends the download.
  @discardableResult
  public func fetch(
    into folder: URL, progress: (Progress) -> Void = { _ in },
    asking check: () throws -> Void = {}
  ) throws -> [URL] {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      let isFull = (error as? CocoaError)?.code == .fileWriteOutOfSpace
      throw AdjointError(
        isFull ? .diskFull : .cannotWrite,
        "\(folder.path): cannot be created: \(error.localizedDescription)")
    }
    var addresses = source.addresses
    return try source.files.flatMap { file in
      try check()
      let members = file.archive.map { archive in
        archive.members.map { folder.appendingPathComponent($0.name) }
      }
      if let members, let archive = file.archive, archive.isUnpacked(in: folder) { return members }
      let place = folder.appendingPathComponent(file.name)
      let isThere = FileManager.default.fileExists(atPath: place.path)
      if try !isThere || Checksum(of: place, asking: check).mismatch(with: file) != nil {
        try fetch(file, to: place, trying: &addresses, asking: check, progress: progress)
      }
      guard let archive = file.archive, let members else { return [place] }
      try TarArchive(place).unpack(archive, into: folder, asking: check)
      try? FileManager.default.removeItem(at: place)
      return members
    }
  }

  /// Fetches one file from the first address that has it, and moves that address to the front.
  private func fetch(
    _ file: DataSource.File, to place: URL, trying addresses: inout [URL],
    asking check: () throws -> Void, progress: (Progress) -> Void
  ) throws {
    let part = try PartFile(for: place)
    defer { part.close() }
    var failures: [String] = []
    var kind = AdjointError.Kind.noInput
    for (index, base) in addresses.enumerated() {
      let address = base.appendingPathComponent(file.name)
      try part.clear()
      do {
        try follow(address, into: part.url, limit: file.limit, asking: check) { count in
          progress(Progress(file: file.name, received: count, total: file.byteCount))
        }
      } catch let failure as TransferFailure {
        switch failure.cause {
        case .address: break
        case .writing:
          // Curl does not say whether the disk is full.
          throw part.refusal()
            ?? AdjointError(.cannotWrite, "\(place.path): cannot be written: \(failure.reason)")
        case .program:
          throw AdjointError(
            .noInput, "\(source.name): \(file.name) could not be downloaded: \(failure.reason)")
        }
        failures.append("\(address.absoluteString): \(failure.reason)")
        continue
      }
      if let mismatch = try Checksum(of: part.url, asking: check).mismatch(with: file) {
        failures.append("\(address.absoluteString): \(mismatch)")
        kind = .badData
        continue
      }
      try part.putInPlace()
      addresses.swapAt(0, index)
      return
    }
    throw AdjointError(
      kind,
      """
      \(source.name): \(file.name) could not be downloaded (\(failures.joined(separator: "; "))); \
      put the files into \(place.deletingLastPathComponent().path) by hand, or name their folder \
      with --data-dir
      """)
  }

  /// Fetches an address, following redirects only within the same scheme, host and port.
  private func follow(
    _ address: URL, into part: URL, limit: Int, asking check: () throws -> Void,
    received: (Int) -> Void
  ) throws {
    var current = address
    for _ in 0...Self.mostRedirects {
      let answer = try transfer.fetch(
        current, into: part, limit: limit, asking: check, received: received)
      guard case .redirect(let target) = answer else { return }
      guard
        target.scheme == address.scheme, target.host == address.host, target.port == address.port
      else {
        throw TransferFailure(
          reason: "redirects to another host or scheme, which is refused: \(target.absoluteString)")
      }
      current = target
    }
    throw TransferFailure(reason: "redirects more than \(Self.mostRedirects) times")
  }
}
