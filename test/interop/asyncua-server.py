# An OPC UA server by another maker, for a test: asyncua's. Prints its port when it listens; ends with its standard input.
import asyncio
import logging
import socket
import sys

from asyncua import Server, ua
from asyncua.common.structures104 import new_struct, new_struct_field

URI = "urn:pilotline:asyncua"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def main() -> None:
    logging.disable(logging.CRITICAL)
    server = Server()
    await server.init()
    port = free_port()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    idx = await server.register_namespace(URI)
    kiln = await server.nodes.objects.add_folder(ua.NodeId("Kiln", idx), ua.QualifiedName("Kiln", idx))

    async def variable(name, value, kind):
        return await kiln.add_variable(ua.NodeId(name, idx), ua.QualifiedName(name, idx), value, kind)

    temperature = await variable("TT01", 812.5, ua.VariantType.Double)
    await temperature.add_property(
        ua.NodeId("TT01.EURange", idx), ua.QualifiedName("EURange", 0), ua.Range(Low=0, High=1200)
    )
    unit = ua.EUInformation(
        NamespaceUri="http://www.opcfoundation.org/UA/units/un/cefact",
        UnitId=4408652,
        DisplayName=ua.LocalizedText("°C"),
        Description=ua.LocalizedText("degree Celsius"),
    )
    await temperature.add_property(ua.NodeId("TT01.EU", idx), ua.QualifiedName("EngineeringUnits", 0), unit)
    await variable("Profile", [1.5, 2.5, 3.5], ua.VariantType.Float)
    await variable("Count", 2**64 - 1, ua.VariantType.UInt64)
    await new_struct(
        server,
        idx,
        "Reading",
        [
            new_struct_field("Valid", ua.VariantType.Boolean),
            new_struct_field("Name", ua.VariantType.String),
            new_struct_field("Values", ua.VariantType.Int16, array=True),
            new_struct_field("Note", ua.VariantType.String, optional=True),
            new_struct_field("Last", ua.VariantType.Double),
        ],
    )
    await server.load_data_type_definitions()
    reading = ua.Reading(Valid=True, Name="r1", Values=[7, -8], Note=None, Last=0.25)
    await variable("Reading", ua.Variant(reading, ua.VariantType.ExtensionObject), None)

    async with server:
        print(port, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
