# The ONNX schema of the system, compiled under a package name of our own, so that another copy in the process
# (libonnx, OpenCV's) cannot clash with it. The wire format does not know the package name.
find_path(ONNX_SCHEMA_DIR onnx/onnx.proto REQUIRED)
set(schema_dir ${CMAKE_CURRENT_BINARY_DIR}/schema)
file(MAKE_DIRECTORY ${schema_dir})
file(READ ${ONNX_SCHEMA_DIR}/onnx/onnx.proto schema)
string(REGEX REPLACE "\npackage onnx;" "\npackage quantoscope_onnx;" schema "${schema}")
# Fields of newer versions of the format that the reader needs; unknown to schemas before ONNX 1.13 and 1.16.
if(NOT schema MATCHES "attribute_proto = 11")
  string(REPLACE "message FunctionProto {" "message FunctionProto {\n  repeated AttributeProto attribute_proto = 11;" schema "${schema}")
endif()
if(NOT schema MATCHES "overload = 13")
  string(REPLACE "message FunctionProto {" "message FunctionProto {\n  optional string overload = 13;" schema "${schema}")
endif()
if(NOT schema MATCHES "overload = 8")
  string(REPLACE "message NodeProto {" "message NodeProto {\n  optional string overload = 8;" schema "${schema}")
endif()
file(CONFIGURE OUTPUT ${schema_dir}/quantoscope_onnx.proto CONTENT "${schema}" @ONLY)
add_custom_command(
  OUTPUT ${schema_dir}/quantoscope_onnx.pb.cc ${schema_dir}/quantoscope_onnx.pb.h
  COMMAND ${Protobuf_PROTOC_EXECUTABLE} --cpp_out=${schema_dir} --proto_path=${schema_dir} quantoscope_onnx.proto
  DEPENDS ${schema_dir}/quantoscope_onnx.proto VERBATIM)
add_library(quantoscope_onnx_schema STATIC ${schema_dir}/quantoscope_onnx.pb.cc)
set_target_properties(quantoscope_onnx_schema PROPERTIES CXX_CLANG_TIDY "") # generated
target_include_directories(quantoscope_onnx_schema SYSTEM PUBLIC ${schema_dir} ${Protobuf_INCLUDE_DIRS})
target_link_libraries(quantoscope_onnx_schema PUBLIC ${Protobuf_LITE_LIBRARIES} Threads::Threads)
# PUBLIC for the headers inside core/onnx and their tests; nothing outside of core/onnx includes it.
target_link_libraries(quantoscope_core PUBLIC quantoscope_onnx_schema)
