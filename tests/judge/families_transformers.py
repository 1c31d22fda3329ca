# SPDX-License-Identifier: GPL-3.0-or-later
"""One small network of every image model of transformers: name of the line -> (class, side of the image, configuration, outputs).

Classifiers, backbones, the image towers of image-and-text models, detectors, segmenters and depth estimators, with few blocks
and narrow. Without names of outputs the network's first one is taken; a name that ends in .pooler_output and the like goes into nested results.
"""

import importlib

import torch

VIT = dict(hidden_size=96, num_hidden_layers=2, num_attention_heads=3, intermediate_size=192)
SEEN = dict(image_size=64, patch_size=16)
ROTARY = dict(num_key_value_heads=3, head_dim=32)
LABELS = dict(num_labels=10)
STAGES = dict(depths=[1, 1, 1, 1], hidden_sizes=[16, 32, 64, 96])
SWIN = dict(image_size=128, embed_dim=32, depths=[1, 1, 2, 1], num_heads=[1, 2, 4, 8], window_size=4)
RESNET = dict(embedding_size=16, hidden_sizes=[32, 48, 64, 96], depths=[1, 1, 1, 1])
BACKBONE_RESNET = dict(model_type="resnet", layer_type="basic", out_features=["stage2", "stage3", "stage4"], **RESNET)
BACKBONE_SWIN = dict(model_type="swin", out_features=["stage1", "stage2", "stage3", "stage4"], **SWIN)
BACKBONE_DINOV2 = dict(model_type="dinov2", image_size=56, patch_size=14, hidden_size=96, num_hidden_layers=4, num_attention_heads=3,
                       out_features=["stage1", "stage2", "stage3", "stage4"], reshape_hidden_states=False)
DETR = dict(d_model=64, encoder_layers=1, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=128,
            decoder_ffn_dim=128, num_queries=10, num_labels=10)
BOXES = ("logits", "pred_boxes")
MASKS = ("class_queries_logits", "masks_queries_logits")
RT_RESNET = dict(model_type="rt_detr_resnet", layer_type="basic", embedding_size=16, hidden_sizes=[16, 32, 48, 64], depths=[1, 1, 1, 1],
                 out_features=["stage2", "stage3", "stage4"])
RT_DETR = dict(d_model=64, encoder_hidden_dim=64, encoder_in_channels=[32, 48, 64], decoder_in_channels=[64, 64, 64], encoder_ffn_dim=128,
               decoder_ffn_dim=128, decoder_layers=2, num_queries=20, num_labels=10, encoder_attention_heads=4, decoder_attention_heads=4,
               feat_strides=[8, 16, 32], anchor_image_size=None)
TEXT = dict(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64, vocab_size=99)

TRANSFORMERS = {
    # classifiers
    "beit": ("BeitForImageClassification", 64, dict(**VIT, **SEEN, use_relative_position_bias=True)),
    "beit_mean": ("BeitForImageClassification", 64, dict(**VIT, **SEEN, use_shared_relative_position_bias=True, use_mean_pooling=True)),
    "bit": ("BitForImageClassification", 64, dict(embedding_size=64, hidden_sizes=[128, 128, 256, 256], depths=[1, 1, 1, 1])),
    "clip_classifier": ("CLIPForImageClassification", 64, dict(vision_config=dict(**VIT, **SEEN))),
    "convnext": ("ConvNextForImageClassification", 64, STAGES),
    "convnextv2": ("ConvNextV2ForImageClassification", 64, STAGES),
    "cvt": ("CvtForImageClassification", 64, dict(embed_dim=[32, 64, 96], num_heads=[1, 2, 3], depth=[1, 2, 3])),
    "data2vec_vision": ("Data2VecVisionForImageClassification", 64, dict(**VIT, **SEEN, use_relative_position_bias=True)),
    "deit": ("DeiTForImageClassification", 64, dict(**VIT, **SEEN)),
    "deit_teacher": ("DeiTForImageClassificationWithTeacher", 64, dict(**VIT, **SEEN)),
    "dinat": ("DinatForImageClassification", 64, dict(embed_dim=32, depths=[1, 1, 1, 1], num_heads=[1, 2, 4, 8])),
    "dinov2": ("Dinov2ForImageClassification", 56, dict(hidden_size=96, num_hidden_layers=2, num_attention_heads=3, image_size=56, patch_size=14)),
    "dinov2_swiglu": ("Dinov2ForImageClassification", 56, dict(hidden_size=96, num_hidden_layers=2, num_attention_heads=3, image_size=56, patch_size=14,
                                                               use_swiglu_ffn=True)),
    "dinov2_with_registers": ("Dinov2WithRegistersForImageClassification", 56,
                              dict(hidden_size=96, num_hidden_layers=2, num_attention_heads=3, image_size=56, patch_size=14)),
    "donut_swin": ("DonutSwinForImageClassification", 128, SWIN),
    "efficientnet": ("EfficientNetForImageClassification", 64, dict(image_size=64, width_coefficient=0.5, depth_coefficient=0.5, hidden_dim=640)),
    "focalnet": ("FocalNetForImageClassification", 64, dict(image_size=64, embed_dim=32, depths=[1, 1, 1, 1])),
    "hgnet_v2": ("HGNetV2ForImageClassification", 64, dict(stage_num_blocks=[1, 1, 1, 1])),
    "hiera": ("HieraForImageClassification", 224, dict(embed_dim=32, depths=[1, 1, 2, 1])),
    "ijepa": ("IJepaForImageClassification", 64, dict(**VIT, **SEEN)),
    "levit": ("LevitForImageClassification", 224, {}),
    "levit_teacher": ("LevitForImageClassificationWithTeacher", 224, {}),
    "metaclip_2": ("MetaClip2ForImageClassification", 64, dict(vision_config=dict(**VIT, **SEEN))),
    "mobilenet_v1": ("MobileNetV1ForImageClassification", 64, dict(depth_multiplier=0.5)),
    "mobilenet_v2": ("MobileNetV2ForImageClassification", 64, dict(depth_multiplier=0.5)),
    "mobilevit": ("MobileViTForImageClassification", 64, dict(hidden_sizes=[64, 80, 96], neck_hidden_sizes=[16, 16, 24, 48, 64, 80, 320])),
    "mobilevitv2": ("MobileViTV2ForImageClassification", 64, dict(width_multiplier=0.5)),
    "perceiver": ("PerceiverForImageClassificationLearned", 64, dict(num_latents=16, d_latents=64, num_self_attends_per_block=2, image_size=64), ("logits",)),
    "perceiver_fourier": ("PerceiverForImageClassificationFourier", 224, dict(num_latents=16, d_latents=64, num_self_attends_per_block=1, num_cross_attention_heads=1)),
    "perceiver_conv": ("PerceiverForImageClassificationConvProcessing", 224, dict(num_latents=16, d_latents=64, num_self_attends_per_block=1, num_cross_attention_heads=1)),
    "poolformer": ("PoolFormerForImageClassification", 64, dict(depths=[1, 1, 1, 1], hidden_sizes=[16, 32, 64, 96])),
    "pp_lcnet": ("PPLCNetForImageClassification", 64, dict(scale=0.5)),
    "pvt": ("PvtForImageClassification", 64, dict(image_size=64, hidden_sizes=[16, 32, 80, 64], depths=[1, 1, 1, 1])),
    "pvt_v2": ("PvtV2ForImageClassification", 64, dict(image_size=64, hidden_sizes=[16, 32, 80, 64], depths=[1, 1, 1, 1])),
    "pvt_v2_linear": ("PvtV2ForImageClassification", 64, dict(image_size=64, hidden_sizes=[16, 32, 80, 64], depths=[1, 1, 1, 1], linear_attention=True)),
    "regnet": ("RegNetForImageClassification", 64, dict(embedding_size=16, hidden_sizes=[32, 64, 64, 128], groups_width=16, depths=[1, 1, 1, 1])),
    "resnet": ("ResNetForImageClassification", 64, RESNET),
    "segformer": ("SegformerForImageClassification", 64, dict(depths=[1, 1, 1, 1], hidden_sizes=[16, 32, 80, 64])),
    "siglip": ("SiglipForImageClassification", 64, dict(vision_config=dict(**VIT, **SEEN))),
    "swiftformer": ("SwiftFormerForImageClassification", 64, dict(depths=[1, 1, 1, 1], embed_dims=[16, 32, 64, 96])),
    "swin": ("SwinForImageClassification", 128, SWIN),
    "swinv2": ("Swinv2ForImageClassification", 128, SWIN),
    "textnet": ("TextNetForImageClassification", 64, dict(image_size=[64, 64])),
    "vit": ("ViTForImageClassification", 64, dict(**VIT, **SEEN)),
    "vit_msn": ("ViTMSNForImageClassification", 64, dict(**VIT, **SEEN)),
    # features and image towers
    "aimv2": ("Aimv2VisionModel", 56, dict(**VIT, image_size=56, patch_size=14)),
    "align_vision": ("AlignVisionModel", 64, dict(image_size=64, width_coefficient=0.5, depth_coefficient=0.5, hidden_dim=320)),
    "altclip_vision": ("AltCLIPVisionModel", 64, dict(**VIT, **SEEN)),
    "blip_vision": ("BlipVisionModel", 64, dict(**VIT, **SEEN)),
    "blip_2_vision": ("Blip2VisionModel", 56, dict(**VIT, image_size=56, patch_size=14)),
    "chinese_clip_vision": ("ChineseCLIPVisionModel", 64, dict(**VIT, **SEEN)),
    "clip_vision": ("CLIPVisionModel", 64, dict(**VIT, **SEEN)),
    "clip_vision_projection": ("CLIPVisionModelWithProjection", 64, dict(**VIT, **SEEN, projection_dim=48)),
    "clipseg_vision": ("CLIPSegVisionModel", 64, dict(**VIT, **SEEN)),
    "dinov3_convnext": ("DINOv3ConvNextModel", 64, STAGES),
    "dinov3_vit": ("DINOv3ViTModel", 64, dict(**VIT, **SEEN, num_register_tokens=4)),
    "dinov3_vit_gated": ("DINOv3ViTModel", 64, dict(**VIT, **SEEN, num_register_tokens=4, use_gated_mlp=True)),
    "flava_image": ("FlavaImageModel", 64, dict(**VIT, **SEEN)),
    "florence2_vision": ("Florence2VisionBackbone", 64, dict(embed_dim=[16, 32, 48, 64], num_heads=[2, 4, 4, 4], num_groups=[2, 4, 4, 4], depths=[1, 1, 2, 1])),
    "git_vision": ("GitVisionModel", 64, dict(**VIT, **SEEN)),
    "got_ocr2_vision": ("GotOcr2VisionEncoder", 128, dict(hidden_size=96, output_channels=64, num_hidden_layers=2, num_attention_heads=3, image_size=128,
                                                          mlp_dim=192, global_attn_indexes=[1], window_size=4)),
    "groupvit_vision": ("GroupViTVisionModel", 64, dict(image_size=64, hidden_size=96, intermediate_size=192, depths=[1, 1, 1], num_hidden_layers=3,
                                                        num_group_tokens=[8, 4, 0], num_output_groups=[8, 4, 0], num_attention_heads=3)),
    "hiera_features": ("HieraModel", 224, dict(embed_dim=32, depths=[1, 1, 2, 1])),
    "instructblip_vision": ("InstructBlipVisionModel", 56, dict(**VIT, image_size=56, patch_size=14)),
    "internvl_vision": ("InternVLVisionModel", 64, dict(**VIT, image_size=[64, 64], patch_size=[16, 16])),
    "janus_vision": ("JanusVisionModel", 64, dict(hidden_size=96, num_hidden_layers=2, num_attention_heads=3, mlp_ratio=2.0, **SEEN)),
    "lw_detr_vit": ("LwDetrViTBackbone", 64, dict(hidden_size=96, num_hidden_layers=4, num_attention_heads=3, image_size=64, pretrain_image_size=64, num_windows=4,
                                                  window_block_indices=[0, 2], out_indices=[1, 3]), ("feature_maps",)),
    "metaclip_2_vision": ("MetaClip2VisionModel", 64, dict(**VIT, **SEEN)),
    "mgp_str": ("MgpstrForSceneTextRecognition", (32, 64), dict(image_size=[32, 64], hidden_size=96, num_hidden_layers=2, num_attention_heads=3, num_character_labels=20,
                                                          num_bpe_labels=20, num_wordpiece_labels=20), ("logits",)),
    "mlcd": ("MLCDVisionModel", 56, dict(**VIT, image_size=56, patch_size=14)),
    "owlvit_vision": ("OwlViTVisionModel", 64, dict(**VIT, **SEEN)),
    "owlv2_vision": ("Owlv2VisionModel", 64, dict(**VIT, **SEEN)),
    "pixio": ("PixioModel", 64, dict(hidden_size=96, num_hidden_layers=2, num_attention_heads=3, **SEEN)),
    "sam_vision": ("SamVisionModel", 128, dict(hidden_size=96, output_channels=64, num_hidden_layers=2, num_attention_heads=3, image_size=128, mlp_dim=192,
                                               global_attn_indexes=[1], window_size=4)),
    "sam_hq_vision": ("SamHQVisionModel", 128, dict(hidden_size=96, output_channels=64, num_hidden_layers=2, num_attention_heads=3, image_size=128, mlp_dim=192,
                                                    global_attn_indexes=[1], window_size=4)),
    "sam2_hiera": ("Sam2HieraDetModel", 128, dict(hidden_size=32, image_size=[128, 128], blocks_per_stage=[1, 1, 2, 1], embed_dim_per_stage=[32, 64, 128, 256],
                                                  num_attention_heads_per_stage=[1, 2, 4, 8], global_attention_blocks=[3])),
    "siglip_vision": ("SiglipVisionModel", 64, dict(**VIT, **SEEN)),
    "swin_features": ("SwinModel", 128, SWIN),
    "trocr_encoder": ("ViTModel", 64, dict(**VIT, **SEEN, qkv_bias=False)),
    "tvlt_pixel": ("ViTMAEModel", 64, dict(**VIT, **SEEN, mask_ratio=0.0)),
    "vitdet": ("VitDetModel", 64, dict(hidden_size=96, num_hidden_layers=2, num_attention_heads=3, image_size=64, pretrain_image_size=64, window_block_indices=[0],
                                       window_size=2, use_relative_position_embeddings=True)),
    "vitpose_backbone": ("VitPoseBackbone", 64, dict(hidden_size=96, num_hidden_layers=2, num_attention_heads=3, image_size=[64, 64], out_indices=[2]), ("feature_maps",)),
    "vitpose": ("VitPoseForPoseEstimation", 64, dict(backbone_config=dict(model_type="vitpose_backbone", hidden_size=96, num_hidden_layers=2, num_attention_heads=3,
                                                                          image_size=[64, 64], out_indices=[2]), num_labels=7), ("heatmaps",)),
    "x_clip_vision": ("XCLIPVisionModel", 64, dict(**VIT, **SEEN, num_frames=1)),
    "yolos": ("YolosForObjectDetection", 64, dict(**VIT, image_size=[64, 64], patch_size=16, num_detection_tokens=10), BOXES),
    # detectors
    "conditional_detr": ("ConditionalDetrForObjectDetection", 64, dict(**DETR, backbone_config=BACKBONE_RESNET), BOXES),
    "dab_detr": ("DabDetrForObjectDetection", 64, dict(hidden_size=64, encoder_layers=1, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4,
                                                       encoder_ffn_dim=128, decoder_ffn_dim=128, num_queries=10, num_labels=10, backbone_config=BACKBONE_RESNET), BOXES),
    "deformable_detr": ("DeformableDetrForObjectDetection", 64, dict(**DETR, backbone_config=BACKBONE_RESNET, num_feature_levels=3), BOXES),
    "detr": ("DetrForObjectDetection", 64, dict(**DETR, backbone_config=BACKBONE_RESNET), BOXES),
    "d_fine": ("DFineForObjectDetection", 128, dict(**RT_DETR, backbone_config=dict(model_type="hgnet_v2", stage_num_blocks=[1, 1, 1, 1],
                                                                                   out_features=["stage2", "stage3", "stage4"])), BOXES),
    "rt_detr": ("RTDetrForObjectDetection", 128, dict(**RT_DETR, backbone_config=RT_RESNET), BOXES),
    "rt_detr_v2": ("RTDetrV2ForObjectDetection", 128, dict(**RT_DETR, backbone_config=RT_RESNET), BOXES),
    "table_transformer": ("TableTransformerForObjectDetection", 64, dict(**DETR, backbone_config=BACKBONE_RESNET), BOXES),
    "pp_ocrv5_mobile_det": ("PPOCRV5MobileDetForObjectDetection", 64, {}),
    "superpoint": ("SuperPointForKeypointDetection", 64, {}),
    # segmenters
    "beit_segmentation": ("BeitForSemanticSegmentation", 64, dict(hidden_size=96, num_hidden_layers=4, num_attention_heads=3, intermediate_size=192, **SEEN,
                                                                  out_indices=[1, 2, 3, 4], use_auxiliary_head=False)),
    "detr_segmentation": ("DetrForSegmentation", 64, dict(**{**DETR, "encoder_attention_heads": 8, "decoder_attention_heads": 8}, backbone_config=BACKBONE_RESNET), ("logits", "pred_boxes", "pred_masks")),
    "dpt_segmentation": ("DPTForSemanticSegmentation", 64, dict(hidden_size=96, num_hidden_layers=4, num_attention_heads=3, intermediate_size=192, **SEEN,
                                                                backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[16, 32, 48, 64], fusion_hidden_size=32,
                                                                use_auxiliary_head=False)),
    "eomt": ("EomtForUniversalSegmentation", 64, dict(hidden_size=96, num_hidden_layers=3, num_attention_heads=3, num_blocks=1, num_queries=8, **SEEN), MASKS),
    "mask2former": ("Mask2FormerForUniversalSegmentation", 64, dict(backbone_config=BACKBONE_SWIN, feature_size=32, mask_feature_size=32, hidden_dim=32,
                                                                    encoder_feedforward_dim=64, dim_feedforward=64, encoder_layers=1, decoder_layers=2,
                                                                    num_attention_heads=4, num_queries=8), MASKS),
    "maskformer": ("MaskFormerForInstanceSegmentation", 64, dict(fpn_feature_size=32, mask_feature_size=32, backbone_config=BACKBONE_SWIN,
                                                                 decoder_config=dict(model_type="detr", **DETR)), MASKS),
    "mobilenet_v2_segmentation": ("MobileNetV2ForSemanticSegmentation", 64, dict(depth_multiplier=0.5)),
    "mobilevit_segmentation": ("MobileViTForSemanticSegmentation", 64, dict(hidden_sizes=[64, 80, 96], neck_hidden_sizes=[16, 16, 24, 48, 64, 80, 320])),
    "mobilevitv2_segmentation": ("MobileViTV2ForSemanticSegmentation", 64, dict(width_multiplier=0.5)),
    "segformer_segmentation": ("SegformerForSemanticSegmentation", 64, dict(depths=[1, 1, 1, 1], hidden_sizes=[16, 32, 80, 64], decoder_hidden_size=64)),
    "upernet": ("UperNetForSemanticSegmentation", 64, dict(backbone_config=BACKBONE_SWIN, hidden_size=32, use_auxiliary_head=False, auxiliary_in_channels=128)),
    # depth and other images
    "depth_anything": ("DepthAnythingForDepthEstimation", 56, dict(backbone_config=BACKBONE_DINOV2, patch_size=14, reassemble_hidden_size=96,
                                                                   neck_hidden_sizes=[16, 32, 48, 64], fusion_hidden_size=32, head_hidden_size=16)),
    "dpt": ("DPTForDepthEstimation", 64, dict(hidden_size=96, num_hidden_layers=4, num_attention_heads=3, intermediate_size=192, **SEEN, backbone_out_indices=[0, 1, 2, 3],
                                              neck_hidden_sizes=[16, 32, 48, 64], fusion_hidden_size=32)),
    "glpn": ("GLPNForDepthEstimation", 64, dict(depths=[1, 1, 1, 1], hidden_sizes=[16, 32, 80, 64], decoder_hidden_size=32)),
    "swin2sr": ("Swin2SRForImageSuperResolution", 32, dict(image_size=32, embed_dim=36, depths=[2, 1], num_heads=[2, 2], window_size=4)),
    "zoedepth": ("ZoeDepthForDepthEstimation", 64, dict(backbone_config=dict(model_type="beit", hidden_size=96, num_hidden_layers=4, num_attention_heads=3,
                                                                            intermediate_size=192, **SEEN, use_relative_position_bias=True, reshape_hidden_states=False,
                                                                            out_features=["stage1", "stage2", "stage3", "stage4"]),
                                                       backbone_hidden_size=96, neck_hidden_sizes=[16, 32, 48, 64], fusion_hidden_size=32, bottleneck_features=32,
                                                       num_relative_features=16, bin_embedding_dim=16)),
    # and more of each kind
    "eomt_dinov3": ("EomtDinov3ForUniversalSegmentation", 64, dict(**VIT, **SEEN, num_blocks=1, num_queries=8), MASKS),
    "idefics3_vision": ("Idefics3VisionTransformer", 64, dict(**VIT, **SEEN)),
    "rf_detr": ("RfDetrForObjectDetection", 112, dict(d_model=64, decoder_ffn_dim=128, decoder_layers=2, num_queries=12, num_labels=10, group_detr=1,
                                                     decoder_self_attention_heads=4, decoder_cross_attention_heads=4,
                                                     backbone_config=dict(model_type="rf_detr_dinov2", hidden_size=96, num_hidden_layers=4, num_attention_heads=3,
                                                                          image_size=112, patch_size=14, num_windows=2, out_indices=[2, 4])), BOXES),
    "maskformer_swin": ("MaskFormerSwinModel", 64, dict(embed_dim=32, depths=[1, 1, 1, 1], num_heads=[1, 2, 4, 8], window_size=4)),
    "pp_lcnet_v3": ("PPLCNetV3Backbone", 64, dict(scale=0.5), ("feature_maps",)),
    "pp_lcnet_v4": ("PPLCNetV4Backbone", 64, {}, ("feature_maps",)),
    "pp_ocrv5_mobile_rec": ("PPOCRV5MobileRecForTextRecognition", (48, 320), {}),
    "pp_ocrv5_server_rec": ("PPOCRV5ServerRecForTextRecognition", (48, 96), {}),
    "radio": ("RadioModel", 64, dict(**VIT, **SEEN)),
    "sam3_vit": ("Sam3ViTModel", 56, dict(**VIT, image_size=56, pretrain_image_size=56, patch_size=14, window_size=2, global_attn_indexes=[1])),
    "sapiens2": ("Sapiens2Model", 64, dict(**VIT, image_size=[64, 64], patch_size=16)),
    "smolvlm_vision": ("SmolVLMVisionTransformer", 64, dict(**VIT, **SEEN)),
    "tipsv2_vision": ("Tipsv2VisionModel", 56, dict(**VIT, image_size=56, patch_size=14)),
    "deimv2": ("Deimv2ForObjectDetection", 128, dict(**RT_DETR, backbone_config=dict(model_type="hgnet_v2", stage_num_blocks=[1, 1, 1, 1],
                                                                                   out_features=["stage2", "stage3", "stage4"])), BOXES),
    "siglip2_fixed": ("SiglipVisionModel", 64, dict(**VIT, **SEEN, vision_use_head=False)),
}


class OfImage(torch.nn.Module):
    """A model of transformers as a function of the image alone, its results as tensors."""

    def __init__(self, model: torch.nn.Module, outputs: tuple):
        super().__init__()
        self.model = model
        self.outputs = outputs

    def forward(self, image):
        results = self.model(image)
        if isinstance(results, torch.Tensor):
            return results
        if not self.outputs:
            return next(value for value in results.to_tuple() if isinstance(value, torch.Tensor))
        found = [getattr(results, name) for name in self.outputs]
        found = [tensor for value in found for tensor in (value if isinstance(value, (tuple, list)) else (value,))]
        return tuple(found) if len(found) > 1 else found[0]


def sizes_of(name: str) -> tuple:
    """(channels, height, width)"""
    side = TRANSFORMERS[name][1]
    return (3, *side) if isinstance(side, tuple) else (3, side, side)


def network_of_transformers(name: str, fused: bool) -> torch.nn.Module:
    """The network of a line; fused: attention as one call."""
    import transformers

    kind, _, settings, *outputs = TRANSFORMERS[name]
    model_class = getattr(transformers, kind, None)
    if model_class is None:  # not among the public names: in the module of its model
        model_class = next(found for module in MODULES if (found := getattr(importlib.import_module("transformers.models." + module), kind, None)))
    config = model_class.config_class(**settings)
    if kind.endswith("Classification") or kind.endswith("Teacher"):
        config.num_labels = 10
    try:
        model = model_class._from_config(config, attn_implementation="sdpa" if fused else "eager")
    except (ValueError, ImportError):  # it knows one form only
        model = model_class._from_config(config, attn_implementation="eager")
    return OfImage(model, outputs[0] if outputs else ())


# Where the classes are that transformers does not name at its top.
MODULES = ("florence2.modeling_florence2", "got_ocr2.modeling_got_ocr2", "idefics.vision", "sam2.modeling_sam2", "clipseg.modeling_clipseg",
           "sam_hq.modeling_sam_hq", "vitdet.modeling_vitdet", "instructblip.modeling_instructblip")
