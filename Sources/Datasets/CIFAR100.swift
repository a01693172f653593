import Foundation
import Tensors

/// The CIFAR-100 data set of small colour photographs, in its publisher's binary version: a hundred classes
/// in twenty groups of five.
///
/// A file to train with and one for the test, each a row of records of 3,074 bytes: the group, the class,
/// then 1,024 red, 1,024 green and 1,024 blue bytes, row by row.
///
/// Source: A. Krizhevsky, "Learning multiple layers of features from tiny images", technical report,
/// University of Toronto, 2009.
public enum CIFAR100 {
  /// Which of an image's two labels counts.
  public enum Labels: Sendable {
    /// One of a hundred classes.
    case fine
    /// One of twenty groups.
    case coarse
  }

  /// What the classes are called, in the order of their numbers.
  public static let classNames = words(
    """
    apple,aquarium fish,baby,bear,beaver,bed,bee,beetle,bicycle,bottle,bowl,boy,bridge,bus,butterfly,\
    camel,can,castle,caterpillar,cattle,chair,chimpanzee,clock,cloud,cockroach,couch,crab,crocodile,cup,\
    dinosaur,dolphin,elephant,flatfish,forest,fox,girl,hamster,house,kangaroo,keyboard,lamp,lawn mower,\
    leopard,lion,lizard,lobster,man,maple tree,motorcycle,mountain,mouse,mushroom,oak tree,orange,\
    orchid,otter,palm tree,pear,pickup truck,pine tree,plain,plate,poppy,porcupine,possum,rabbit,\
    raccoon,ray,road,rocket,rose,sea,seal,shark,shrew,skunk,skyscraper,snail,snake,spider,squirrel,\
    streetcar,sunflower,sweet pepper,table,tank,telephone,television,tiger,tractor,train,trout,tulip,\
    turtle,wardrobe,whale,willow tree,wolf,woman,worm
    """)

  /// What the groups are called, in the order of their numbers.
  public static let groupNames = words(
    """
    aquatic mammals,fish,flowers,food containers,fruit and vegetables,household electrical devices,\
    household furniture,insects,large carnivores,large man-made outdoor things,\
    large natural outdoor scenes,large omnivores and herbivores,medium-sized mammals,\
    non-insect invertebrates,people,reptiles,small mammals,trees,vehicles 1,vehicles 2
    """)

  /// Reads the training and the test part from a data folder (`cifar100/` in it) or from the folder of
  /// the files, which may be in `cifar-100-binary/` there.
  ///
  /// Throws no input where the folder lacks a file; bad data, naming the record, where a file's size is no
  /// multiple of a record's or a label is none.
  public static func load(from folder: URL, labels: Labels = .fine) throws -> (
    train: ClassificationSet, test: ClassificationSet
  ) {
    let place = try DataDirectory.folder(of: DataCatalogue.cifar100, explicit: folder)
    let files = DataCatalogue.cifar100.find(in: place).compactMap { $0 }
    let records = CIFARRecords(
      labelCount: 2, label: labels == .fine ? 1 : 0,
      classNames: labels == .fine ? classNames : groupNames)
    let sets = try parallelMap(files) { file in Result { try records.read(file) } }
      .map { try $0.get() }
    return (sets[0], sets[1])
  }

  private static func words(_ text: String) -> [String] {
    text.split(separator: ",").map(String.init)
  }
}
