import{importShared as e}from"./__federation_fn_import-7_DHKnHz.js";const t=await e("react");function a(){return t.createElement("header",null,"one")}export{a as default};
