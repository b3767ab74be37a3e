package pilotline.interop;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.reflect.Array;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.eclipse.tahu.message.model.DataSet.DataSetBuilder;
import org.eclipse.tahu.message.model.DataSetDataType;
import org.eclipse.tahu.message.model.File;
import org.eclipse.tahu.message.model.MetaData;
import org.eclipse.tahu.message.model.MetaData.MetaDataBuilder;
import org.eclipse.tahu.message.model.Metric;
import org.eclipse.tahu.message.model.Metric.MetricBuilder;
import org.eclipse.tahu.message.model.MetricDataType;
import org.eclipse.tahu.message.model.Parameter;
import org.eclipse.tahu.message.model.ParameterDataType;
import org.eclipse.tahu.message.model.PropertyDataType;
import org.eclipse.tahu.message.model.PropertySet.PropertySetBuilder;
import org.eclipse.tahu.message.model.PropertyValue;
import org.eclipse.tahu.message.model.Row.RowBuilder;
import org.eclipse.tahu.message.model.Template.TemplateBuilder;
import org.eclipse.tahu.message.model.Value;

/** Makes Tahu's metrics of the JSON that MetricWriter writes. */
final class MetricReader {
	private static final int LAST_TYPE = 34;
	private static final Map<String, MetricDataType> TYPES = new HashMap<>();

	static {
		for (int code = 1; code <= LAST_TYPE; code++) {
			MetricDataType type = MetricDataType.fromInteger(code);
			TYPES.put(type.getType(), type);
		}
	}

	private MetricReader() {
	}

	static List<Metric> metrics(JsonNode nodes) throws Exception {
		List<Metric> all = new ArrayList<>();
		for (JsonNode node : nodes) all.add(metric(node));
		return all;
	}

	static Metric metric(JsonNode node) throws Exception {
		MetricDataType type = TYPES.get(node.path("type").asText());
		if (type == null) throw new IllegalArgumentException("expected a data type, found " + node.path("type"));
		MetricBuilder builder = new MetricBuilder(Peer.text(node, "name"), type, value(type.getType(), node.get("value")));
		builder.timestamp(node.hasNonNull("timestamp") ? time(node.get("timestamp")) : new Date());
		if (node.path("historical").asBoolean()) builder.isHistorical(true);
		if (node.path("transient").asBoolean()) builder.isTransient(true);
		JsonNode properties = node.path("properties");
		JsonNode quality = node.path("quality");
		if (properties.isObject() || quality.isNumber()) {
			PropertySetBuilder set = new PropertySetBuilder();
			for (Map.Entry<String, JsonNode> entry : properties.properties()) {
				PropertyDataType kind = PropertyDataType.valueOf(entry.getValue().path("type").asText());
				set.addProperty(entry.getKey(),
						new PropertyValue<>(kind, value(kind.getType(), entry.getValue().get("value"))));
			}
			if (quality.isNumber())
				set.addProperty("Quality", new PropertyValue<>(PropertyDataType.Int32, quality.intValue()));
			builder.properties(set.createPropertySet());
		}
		if (node.path("metadata").isObject()) builder.metaData(metadata(node.get("metadata")));
		return builder.createMetric();
	}

	private static Object value(String type, JsonNode node) throws Exception {
		if (node == null || node.isNull()) return null;
		if (type.endsWith("Array")) return array(type.substring(0, type.length() - "Array".length()), node);
		return switch (type) {
			case "Int8" -> (byte) within(node, -128, 127);
			case "Int16" -> (short) within(node, -32768, 32767);
			case "Int32" -> (int) within(node, Integer.MIN_VALUE, Integer.MAX_VALUE);
			case "Int64" -> Long.parseLong(node.asText());
			case "UInt8" -> (short) within(node, 0, 255);
			case "UInt16" -> (int) within(node, 0, 65535);
			case "UInt32" -> within(node, 0, 4294967295L);
			case "UInt64" -> new BigInteger(node.asText());
			case "Float" -> (float) real(node);
			case "Double" -> real(node);
			case "Boolean" -> node.asBoolean();
			case "String", "Text", "UUID" -> node.asText();
			case "DateTime" -> time(node);
			case "Bytes" -> HexFormat.of().parseHex(node.asText());
			case "File" -> new File(Peer.text(node, "fileName"), HexFormat.of().parseHex(node.path("bytes").asText()));
			case "DataSet" -> dataSet(node);
			case "Template" -> template(node);
			default -> throw new IllegalArgumentException("expected a data type that Tahu has, found " + type);
		};
	}

	/** Tahu wants arrays of the boxed class. */
	private static Object array(String type, JsonNode nodes) throws Exception {
		Class<?> element = TYPES.get(type + "Array").getClazz().getComponentType();
		Object all = Array.newInstance(element, nodes.size());
		for (int index = 0; index < nodes.size(); index++) Array.set(all, index, value(type, nodes.get(index)));
		return all;
	}

	private static long within(JsonNode node, long least, long greatest) {
		long value = node.asLong();
		if (!node.isIntegralNumber() || value < least || value > greatest)
			throw new IllegalArgumentException("expected " + least + " to " + greatest + ", found " + node);
		return value;
	}

	private static double real(JsonNode node) {
		return node.isNumber() ? node.doubleValue() : Double.parseDouble(node.asText());
	}

	private static Date time(JsonNode node) {
		return new Date(Long.parseLong(node.asText()));
	}

	private static Object dataSet(JsonNode node) throws Exception {
		DataSetBuilder builder = new DataSetBuilder(node.path("columns").size());
		for (JsonNode name : node.path("columns")) builder.addColumnName(name.asText());
		List<DataSetDataType> types = new ArrayList<>();
		for (JsonNode name : node.path("types")) types.add(DataSetDataType.valueOf(name.asText()));
		builder.addTypes(types);
		for (JsonNode cells : node.path("rows")) {
			RowBuilder row = new RowBuilder();
			for (int index = 0; index < cells.size(); index++) {
				DataSetDataType type = types.get(index);
				row.addValue(new Value<>(type, value(type.getType(), cells.get(index))));
			}
			builder.addRow(row.createRow());
		}
		return builder.createDataSet();
	}

	private static Object template(JsonNode node) throws Exception {
		TemplateBuilder builder = new TemplateBuilder().definition(node.path("isDefinition").asBoolean())
				.templateRef(Peer.text(node, "templateRef")).version(Peer.text(node, "version"));
		for (JsonNode parameter : node.path("parameters")) {
			String type = parameter.path("type").asText();
			builder.addParameter(new Parameter(parameter.path("name").asText(),
					ParameterDataType.fromInteger(TYPES.get(type).toIntValue()), value(type, parameter.get("value"))));
		}
		return builder.addMetrics(metrics(node.path("metrics"))).createTemplate();
	}

	private static MetaData metadata(JsonNode node) {
		MetaDataBuilder builder = new MetaDataBuilder();
		if (node.hasNonNull("contentType")) builder.contentType(Peer.text(node, "contentType"));
		if (node.hasNonNull("size")) builder.size(node.get("size").asLong());
		if (node.hasNonNull("seq")) builder.seq(node.get("seq").asLong());
		if (node.hasNonNull("fileName")) builder.fileName(Peer.text(node, "fileName"));
		if (node.hasNonNull("fileType")) builder.fileType(Peer.text(node, "fileType"));
		if (node.hasNonNull("md5")) builder.md5(Peer.text(node, "md5"));
		if (node.hasNonNull("description")) builder.description(Peer.text(node, "description"));
		if (node.hasNonNull("isMultiPart")) builder.multiPart(node.get("isMultiPart").asBoolean());
		return builder.createMetaData();
	}
}
