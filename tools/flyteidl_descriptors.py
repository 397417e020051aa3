"""Writes the descriptor set of the published flyteidl package, for protoc.

The wheel's modules carry every file's descriptor, so the wire definitions come from the package
and nothing is vendored. Usage: flyteidl_descriptors.py OUT_DIR

OUT_DIR receives `flyteidl.binpb` (a FileDescriptorSet in dependency order) and `files.txt`
(one .proto path a line: what protoc generates code for). Files are rewritten only when their
content changes, so an unchanged package costs no rebuild.
"""

import importlib
import pathlib
import pkgutil
import sys

from google.protobuf import descriptor_pb2

import flyteidl

# Well-known types are compiled into libprotobuf; generating them again would register twice.
RUNTIME_PREFIX = "google/protobuf/"

# What Martlet serves or stores. Plugin messages are carried as opaque Structs and never parsed.
WANTED_PACKAGES = ("core", "admin", "event", "service", "datacatalog", "cacheservice")

# The body of every REST error.
EXTRA_MODULES = ("google.rpc.status_pb2",)

# Documentation options of the services: 16,000 generated lines that nobody would read.
STRIPPED_PREFIX = "protoc-gen-openapiv2/"


def modules():
    for package in WANTED_PACKAGES:
        parent = importlib.import_module(f"flyteidl.{package}")
        for info in pkgutil.iter_modules(parent.__path__):
            if info.name.endswith("_pb2"):
                yield importlib.import_module(f"flyteidl.{package}.{info.name}")
    for name in EXTRA_MODULES:
        yield importlib.import_module(name)


def collect(descriptor, ordered):
    if descriptor.name in ordered or descriptor.name.startswith(STRIPPED_PREFIX):
        return
    for dependency in descriptor.dependencies:
        collect(dependency, ordered)
    proto = descriptor_pb2.FileDescriptorProto()
    descriptor.CopyToProto(proto)
    strip_documentation(proto)
    ordered[descriptor.name] = proto


def strip_documentation(proto):
    kept = [name for name in proto.dependency if not name.startswith(STRIPPED_PREFIX)]
    if len(kept) == len(proto.dependency):
        return
    if proto.public_dependency or proto.weak_dependency:
        sys.exit(f"{proto.name}: dependency indices would shift; teach this script about them")
    del proto.dependency[:]
    proto.dependency.extend(kept)
    methods = [method for service in proto.service for method in service.method]
    messages = list(proto.message_type)
    for element in [proto, *proto.service, *methods, *messages,
                    *(field for message in messages for field in message.field)]:
        for extension in list(element.options.Extensions):
            if extension.full_name.startswith("grpc.gateway."):
                element.options.ClearExtension(extension)


def write_if_changed(path, data):
    if not path.exists() or path.read_bytes() != data:
        path.write_bytes(data)


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    ordered = {}
    for module in sorted(modules(), key=lambda m: m.__name__):
        collect(module.DESCRIPTOR, ordered)
    descriptor_set = descriptor_pb2.FileDescriptorSet(file=ordered.values())
    write_if_changed(out / "flyteidl.binpb", descriptor_set.SerializeToString(deterministic=True))
    generated = [name for name in ordered if not name.startswith(RUNTIME_PREFIX)]
    write_if_changed(out / "files.txt", ("\n".join(generated) + "\n").encode())


if __name__ == "__main__":
    main()
