# An OPC UA server by another maker, for tests: asyncua's. A JSON line in is a command, a JSON line out is an event; it ends
# with its standard input. What the commands are says README.md.
import asyncio
import json
import logging
import os
import sys
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

from asyncua import Server, ua
from asyncua.common.structures104 import new_struct, new_struct_field
from asyncua.common.utils import ServiceError
from asyncua.crypto.truststore import TrustStore
from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions
from asyncua.server.history_sql import HistorySQLite

URI = "urn:pilotline:foreign"
START = datetime(1601, 1, 1, tzinfo=timezone.utc)


def time_of(ticks: str) -> datetime:
    """Python's times have microseconds, ten ticks of 100 ns each."""
    return START + timedelta(microseconds=int(ticks) // 10)


def value_of(kind: ua.VariantType, value):
    if value is None:
        return None
    if kind in (ua.VariantType.Int64, ua.VariantType.UInt64):
        return int(value)
    if kind in (ua.VariantType.Float, ua.VariantType.Double):
        return float(value)
    if kind == ua.VariantType.DateTime:
        return time_of(value)
    if kind == ua.VariantType.Guid:
        return uuid.UUID(value)
    if kind == ua.VariantType.ByteString:
        return bytes.fromhex(value)
    if kind == ua.VariantType.LocalizedText:
        return ua.LocalizedText(value)
    return value


class Storage(HistorySQLite):
    """asyncua's own, which cannot name a table after a string node id, because its name for it has quotes."""

    def _get_table_name(self, node_id):
        return f"{node_id.NamespaceIndex}_{node_id.Identifier}"


class Kiln:
    """The server with its variables, each with the string node id of its name."""

    def __init__(self, options) -> None:
        self.options = options
        self.server = Server()
        self.kinds = {name: ua.VariantType[kind] for name, kind in options["variables"].items()}
        self.variables = {}

    async def start(self) -> None:
        history = self.options.get("history")
        if history is not None:
            self.server.iserver.history_manager.set_storage(Storage(history["file"]))
        await self.server.init()
        self.server.set_endpoint(f"opc.tcp://127.0.0.1:{self.options['port']}")
        security = self.options.get("security")
        if security is None:
            self.server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        else:
            await self.secure(security)
        self.idx = await self.server.register_namespace(URI)
        self.kiln = await self.server.nodes.objects.add_folder(
            ua.NodeId("Kiln", self.idx), ua.QualifiedName("Kiln", self.idx)
        )
        for name in self.kinds:
            await self.add(name)
        await self.further()
        await self.server.start()
        for name in history["names"] if history is not None else []:
            await self.server.iserver.enable_history_data_change(self.variables[name], period=None)

    async def secure(self, security) -> None:
        await self.server.set_application_uri(security["applicationUri"])
        await self.server.load_certificate(security["certificateFile"])
        await self.server.load_private_key(security["keyFile"])
        self.server.set_security_policy(
            [
                ua.SecurityPolicyType.NoSecurity,
                ua.SecurityPolicyType.Basic256Sha256_Sign,
                ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
                ua.SecurityPolicyType.Aes128Sha256RsaOaep_Sign,
                ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
                ua.SecurityPolicyType.Aes256Sha256RsaPss_Sign,
                ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
            ]
        )
        self.trusted = Path(self.options["folder"]) / "trusted"
        self.trusted.mkdir(exist_ok=True)
        self.server.set_certificate_validator(self.validate)

    async def validate(self, certificate, description) -> None:
        # A store of asyncua's cannot be empty.
        if not list(self.trusted.iterdir()):
            raise ServiceError(ua.StatusCodes.BadCertificateUntrusted)
        store = TrustStore([self.trusted], [])
        await store.load()
        wanted = CertificateValidatorOptions.TRUSTED_VALIDATION | CertificateValidatorOptions.PEER_CLIENT
        await CertificateValidator(wanted, store).validate(certificate, description)

    async def variable(self, name, value, kind):
        made = await self.kiln.add_variable(
            ua.NodeId(name, self.idx), ua.QualifiedName(name, self.idx), value, kind
        )
        self.variables[name] = made
        return made

    async def add(self, name) -> None:
        kind = self.kinds[name]
        data_type = ua.NodeId(kind.value)
        made = await self.kiln.add_variable(
            ua.NodeId(name, self.idx), ua.QualifiedName(name, self.idx), None, ua.VariantType.Null, data_type
        )
        self.variables[name] = made
        waiting = ua.StatusCode(ua.StatusCodes.BadWaitingForInitialData)
        await self.server.write_attribute_value(made.nodeid, ua.DataValue(StatusCode=waiting))

    async def remove(self, name) -> None:
        await self.server.delete_nodes([self.variables.pop(name)])

    async def write(self, values) -> None:
        for one in values:
            kind = self.kinds[one["name"]]
            data = ua.DataValue(
                ua.Variant(value_of(kind, one.get("value")), ua.VariantType.Null if one.get("value") is None else kind),
                StatusCode=ua.StatusCode(one["status"]),
                SourceTimestamp=time_of(one["ticks"]),
                ServerTimestamp=datetime.now(timezone.utc),
            )
            await self.server.write_attribute_value(self.variables[one["name"]].nodeid, data)

    async def kept(self, name, values) -> None:
        """Waits until the history has so many values."""
        table = f"{self.idx}_{name}"
        storage = self.server.iserver.history_manager.storage
        while True:
            async with storage._db.execute(f'SELECT count(*) FROM "{table}" WHERE StatusCode = 0') as rows:
                if (await rows.fetchone())[0] >= values:
                    return
            await asyncio.sleep(0.05)

    async def lose_sessions(self, subscriptions: bool) -> None:
        for session in list(self.server.iserver._external_sessions.values()):
            await session.close_session(subscriptions)

    async def further(self) -> None:
        """What only a part of the tests looks at."""
        temperature = await self.variable("TT01", 812.5, ua.VariantType.Double)
        await temperature.add_property(
            ua.NodeId("TT01.EURange", self.idx), ua.QualifiedName("EURange", 0), ua.Range(Low=0, High=1200)
        )
        unit = ua.EUInformation(
            NamespaceUri="http://www.opcfoundation.org/UA/units/un/cefact",
            UnitId=4408652,
            DisplayName=ua.LocalizedText("°C"),
            Description=ua.LocalizedText("degree Celsius"),
        )
        await temperature.add_property(
            ua.NodeId("TT01.EU", self.idx), ua.QualifiedName("EngineeringUnits", 0), unit
        )
        await self.variable("Profile", [1.5, 2.5, 3.5], ua.VariantType.Float)
        await new_struct(
            self.server,
            self.idx,
            "Reading",
            [
                new_struct_field("Valid", ua.VariantType.Boolean),
                new_struct_field("Name", ua.VariantType.String),
                new_struct_field("Values", ua.VariantType.Int16, array=True),
                new_struct_field("Note", ua.VariantType.String, optional=True),
                new_struct_field("Last", ua.VariantType.Double),
            ],
        )
        await self.server.load_data_type_definitions()
        reading = ua.Reading(Valid=True, Name="r1", Values=[7, -8], Note=None, Last=0.25)
        await self.variable("Reading", ua.Variant(reading, ua.VariantType.ExtensionObject), None)

    async def obey(self, command) -> None:
        what = command["do"]
        if what == "write":
            await self.write(command["values"])
        elif what == "remove":
            await self.remove(command["name"])
        elif what == "add":
            await self.add(command["name"])
        elif what == "trust":
            (self.trusted / "client.pem").write_bytes(Path(command["file"]).read_bytes())
        elif what == "kept":
            await self.kept(command["name"], command["values"])
        elif what == "loseSessions":
            await self.lose_sessions(command["subscriptions"])
        else:
            raise ValueError(f"no command {what}")


def emit(event: str, text: str) -> None:
    print(json.dumps({"event": event, "text": text}), flush=True)


async def main() -> None:
    logging.disable(logging.CRITICAL)
    kiln = Kiln(json.loads(sys.argv[1]))
    await kiln.start()
    emit("listening", "")
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        try:
            await kiln.obey(command)
            emit("done", command["do"])
        except Exception as error:
            emit("error", repr(error))
    # The history's thread would keep the process.
    os._exit(0)


asyncio.run(main())
