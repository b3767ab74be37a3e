package pilotline.interop;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.eclipse.milo.opcua.sdk.core.AccessLevel;
import org.eclipse.milo.opcua.sdk.core.Reference;
import org.eclipse.milo.opcua.sdk.server.ManagedNamespaceWithLifecycle;
import org.eclipse.milo.opcua.sdk.server.OpcUaServer;
import org.eclipse.milo.opcua.sdk.server.items.DataItem;
import org.eclipse.milo.opcua.sdk.server.items.MonitoredItem;
import org.eclipse.milo.opcua.sdk.server.nodes.UaFolderNode;
import org.eclipse.milo.opcua.sdk.server.nodes.UaVariableNode;
import org.eclipse.milo.opcua.stack.core.NodeIds;
import org.eclipse.milo.opcua.stack.core.OpcUaDataType;
import org.eclipse.milo.opcua.stack.core.types.UaStructuredType;
import org.eclipse.milo.opcua.stack.core.types.builtin.ByteString;
import org.eclipse.milo.opcua.stack.core.types.builtin.DataValue;
import org.eclipse.milo.opcua.stack.core.types.builtin.DateTime;
import org.eclipse.milo.opcua.stack.core.types.builtin.ExtensionObject;
import org.eclipse.milo.opcua.stack.core.types.builtin.LocalizedText;
import org.eclipse.milo.opcua.stack.core.types.builtin.NodeId;
import org.eclipse.milo.opcua.stack.core.types.builtin.StatusCode;
import org.eclipse.milo.opcua.stack.core.types.builtin.Variant;
import org.eclipse.milo.opcua.stack.core.types.builtin.unsigned.Unsigned;
import org.eclipse.milo.opcua.stack.core.types.structured.EUInformation;
import org.eclipse.milo.opcua.stack.core.types.structured.Range;
import org.eclipse.milo.opcua.stack.core.types.structured.XVType;

/**
 * The variables, each with the string node id of its name. Values go to monitored items one by one as they are written:
 * Milo's own sampling would pass over all but the last of a sampling interval.
 */
final class Kiln extends ManagedNamespaceWithLifecycle {
	static final String URI = "urn:pilotline:foreign";
	private final Map<String, OpcUaDataType> types = new LinkedHashMap<>();
	private final Map<String, UaVariableNode> variables = new LinkedHashMap<>();
	private final List<DataItem> items = new CopyOnWriteArrayList<>();
	private UaFolderNode folder;

	Kiln(OpcUaServer server, JsonObject options) {
		super(server, URI);
		JsonObject wanted = options.getAsJsonObject("variables");
		wanted.keySet().forEach(name -> types.put(name, OpcUaDataType.valueOf(wanted.get(name).getAsString())));
		getLifecycleManager().addStartupTask(this::fill);
	}

	private void fill() {
		folder = new UaFolderNode(getNodeContext(), newNodeId("Kiln"), newQualifiedName("Kiln"), LocalizedText.english("Kiln"));
		getNodeManager().addNode(folder);
		folder.addReference(new Reference(folder.getNodeId(), NodeIds.Organizes, NodeIds.ObjectsFolder.expanded(), false));
		types.keySet().forEach(this::add);
		UaVariableNode measured = variable("TT01", NodeIds.Double, -1, 812.5);
		property(measured, "EURange", NodeIds.Range, new Range(0.0, 1200.0));
		property(measured, "EngineeringUnits", NodeIds.EUInformation,
				new EUInformation("http://www.opcfoundation.org/UA/units/un/cefact", 4408652,
						LocalizedText.english("°C"), LocalizedText.english("degree Celsius")));
		variable("Profile", NodeIds.Float, 1, new Float[] {1.5f, 2.5f, 3.5f});
		variable("Limits", NodeIds.Range, -1, packed(new Range(0.25, 8.0)));
		variable("Points", NodeIds.XVType, 1,
				new ExtensionObject[] {packed(new XVType(1.0, 2.5f)), packed(new XVType(3.0, -4.5f))});
	}

	private ExtensionObject packed(UaStructuredType value) {
		return ExtensionObject.encode(getServer().getStaticEncodingContext(), value);
	}

	private UaVariableNode variable(String name, NodeId dataType, int rank, Object value) {
		UaVariableNode node = UaVariableNode.builder(getNodeContext()).setNodeId(newNodeId(name))
				.setBrowseName(newQualifiedName(name)).setDisplayName(LocalizedText.english(name)).setDataType(dataType)
				.setValueRank(rank).setAccessLevel(AccessLevel.READ_ONLY).setUserAccessLevel(AccessLevel.READ_ONLY)
				.setTypeDefinition(NodeIds.BaseDataVariableType).build();
		node.setValue(value == null
				? new DataValue(Variant.NULL_VALUE, new StatusCode(0x80320000L), DateTime.now(), DateTime.now())
				: new DataValue(new Variant(value)));
		getNodeManager().addNode(node);
		folder.addOrganizes(node);
		variables.put(name, node);
		return node;
	}

	private void property(UaVariableNode of, String name, NodeId dataType, UaStructuredType value) {
		UaVariableNode node = UaVariableNode.builder(getNodeContext()).setNodeId(newNodeId(of.getBrowseName().name() + "." + name))
				.setBrowseName(new org.eclipse.milo.opcua.stack.core.types.builtin.QualifiedName(0, name))
				.setDisplayName(LocalizedText.english(name)).setDataType(dataType)
				.setTypeDefinition(NodeIds.PropertyType).build();
		node.setValue(new DataValue(new Variant(packed(value))));
		getNodeManager().addNode(node);
		node.addReference(new Reference(node.getNodeId(), NodeIds.HasProperty, of.getNodeId().expanded(), false));
		of.addReference(new Reference(of.getNodeId(), NodeIds.HasProperty, node.getNodeId().expanded(), true));
	}

	synchronized void add(String name) {
		variable(name, types.get(name).getNodeId(), -1, null);
	}

	synchronized void remove(String name) {
		variables.remove(name).delete();
	}

	/** `{"name", "value", "ticks", "status"}`: 100 ns since 1601 as text; what JSON has no number for is text, too. */
	synchronized void write(JsonObject one) {
		String name = one.get("name").getAsString();
		Variant value = new Variant(value(types.get(name), one.get("value")));
		DateTime time = new DateTime(Long.parseLong(one.get("ticks").getAsString()));
		StatusCode status = new StatusCode(one.get("status").getAsLong());
		DataValue written = new DataValue(value, status, time, DateTime.now());
		UaVariableNode node = variables.get(name);
		node.setValue(written);
		for (DataItem item : items) {
			if (item.getReadValueId().getNodeId().equals(node.getNodeId())) item.setValue(written);
		}
	}

	private static Object value(OpcUaDataType type, JsonElement value) {
		if (value == null || value.isJsonNull()) return null;
		String text = value.getAsString();
		return switch (type) {
			case Boolean -> value.getAsBoolean();
			case SByte -> Byte.valueOf(text);
			case Byte -> Unsigned.ubyte(text);
			case Int16 -> Short.valueOf(text);
			case UInt16 -> Unsigned.ushort(text);
			case Int32 -> Integer.valueOf(text);
			case UInt32 -> Unsigned.uint(text);
			case Int64 -> Long.valueOf(text);
			case UInt64 -> Unsigned.ulong(text);
			case Float -> Float.valueOf(text);
			case Double -> Double.valueOf(text);
			case String -> text;
			case DateTime -> new DateTime(Long.parseLong(text));
			case Guid -> UUID.fromString(text);
			case ByteString -> ByteString.of(HexFormat.of().parseHex(text));
			case LocalizedText -> LocalizedText.english(text);
			default -> throw new IllegalArgumentException("no value of type " + type);
		};
	}

	@Override
	public synchronized void onDataItemsCreated(List<DataItem> created) {
		items.addAll(created);
		for (DataItem item : created) {
			NodeId id = item.getReadValueId().getNodeId();
			variables.values().stream().filter(node -> node.getNodeId().equals(id)).findFirst()
					.ifPresent(node -> item.setValue(node.getValue()));
		}
	}

	@Override
	public void onDataItemsModified(List<DataItem> modified) {}

	@Override
	public void onDataItemsDeleted(List<DataItem> deleted) {
		items.removeAll(deleted);
	}

	@Override
	public void onMonitoringModeChanged(List<MonitoredItem> changed) {}
}
